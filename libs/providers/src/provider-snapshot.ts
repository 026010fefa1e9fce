import type { Config, ProvidersConfig, RoutingCategory } from '#libs/config';
import { ExaiError } from '#libs/errors';
import type { Assembly } from './catalogue/assemble.js';
import { Catalogue, invalid } from './catalogue/catalogue.js';
import type { ModelCard } from './catalogue/model-card.js';
import { defaultModelOf, type Restrictions, restrictionsOf, routesOf } from './catalogue/restrictions.js';
import { assertContract } from './contract.js';
import { SIMULATOR_ID, type ProviderDescriptor } from './define.js';
import { ModelProvider } from './model-provider.js';
import type { Connection, ProviderConnections } from './provider-connections.js';
import { type ProviderStatus, settingsOf, statusesOf } from './provider-status.js';

/** Everything that holds about providers and models at one moment. Never changes; another one takes its place. */
export interface ProviderSnapshot {
  readonly catalogue: Catalogue;
  readonly statuses: ReadonlyMap<string, ProviderStatus>;
  /** By provider id, also those that nobody has configured. */
  readonly known: ReadonlyMap<string, ModelProvider>;
  /** By provider id. */
  readonly ready: ReadonlyMap<string, ModelProvider>;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly restrictions: Restrictions;
  readonly routes: ReadonlyMap<RoutingCategory, readonly string[]>;
  readonly defaultModel: ModelCard | undefined;
  readonly maxCostPerCallUsd: number | undefined;
  readonly warnings: readonly string[];
  /** Ready providers that are to be asked which models they have. */
  readonly discovering: ReadonlySet<string>;
  /** By provider id, where requests go. */
  readonly hosts: ReadonlyMap<string, string>;
}

export interface SnapshotInput {
  readonly assembly: Assembly;
  readonly providers: ProvidersConfig;
  readonly server: Pick<Config['server'], 'environment'>;
  readonly connections: ProviderConnections;
}

/** @throws ExaiError CONFIG_INVALID */
export function buildSnapshot({ assembly, providers, server, connections }: SnapshotInput): ProviderSnapshot {
  const { settings } = assembly;
  const catalogue = buildCatalogue(assembly);
  const warnings = [...assembly.warnings];
  const statuses = statusesOf(catalogue, settings, {
    simulator: providers.simulator,
    environment: server.environment,
  });
  const isReady = (id: string): boolean => statuses.get(id)?.state === 'ready';
  const discovering = discoveringOf(catalogue.providers, providers.discovery, isReady);
  const context = { catalogue, settings, statuses, discovering, warnings };
  const restrictions = restrictionsOf(context);
  const routes = routesOf(context, restrictions, providers.routes);
  const defaultModel = defaultModelOf(context, restrictions, providers.defaultModel);
  // Last, as opening a client replaces what is known about the one before it.
  const open = connections.prepare(catalogue.providers, {
    settingsOf: (id) => settingsOf(settings, id),
    isReady,
    proxy: providers.outboundProxy,
  });
  const known = providersOf(catalogue, open, restrictions);
  return {
    catalogue,
    statuses,
    connections: open,
    known,
    ready: new Map([...known].filter(([id]) => isReady(id))),
    restrictions,
    routes,
    defaultModel,
    maxCostPerCallUsd: providers.maxCostPerCallUsd,
    warnings,
    discovering,
    hosts: new Map(
      catalogue.providers.map(({ id, baseUrl }) => [
        id,
        new URL(settingsOf(settings, id)?.baseUrl ?? baseUrl).host,
      ]),
    ),
  };
}

/** The bundled entries hold by themselves, so a fault of the whole is one of the files. */
function buildCatalogue({ entries, variable }: Assembly): Catalogue {
  try {
    return Catalogue.build(entries);
  } catch (error) {
    if (variable === undefined || !(error instanceof ExaiError)) throw error;
    throw invalid(error.details.reason ?? error.message, variable);
  }
}

function discoveringOf(
  providers: readonly ProviderDescriptor[],
  everywhere: boolean,
  isReady: (id: string) => boolean,
): ReadonlySet<string> {
  const asked = providers.filter(
    ({ id, discover }) => isReady(id) && (discover || (everywhere && id !== SIMULATOR_ID)),
  );
  return new Set(asked.map(({ id }) => id));
}

/** Every provider, proven to fulfil the contract, also those that nobody has configured. */
function providersOf(
  catalogue: Catalogue,
  connections: ReadonlyMap<string, Connection>,
  restrictions: Restrictions,
): ReadonlyMap<string, ModelProvider> {
  const all = new Map<string, ModelProvider>();
  for (const descriptor of catalogue.providers) {
    const connection = connections.get(descriptor.id);
    if (!connection) continue;
    const provider = new ModelProvider({
      descriptor,
      client: connection.client,
      find: (name) => catalogue.find(name),
      isAllowed: (card) => restrictions.get(card.provider)?.includes(card.id) ?? true,
    });
    assertContract(provider);
    all.set(descriptor.id, provider);
  }
  return all;
}
