import type { Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Catalogue, invalid } from './catalogue/catalogue.js';
import { CLIENTS, type ClientFactory } from './clients/index.js';
import { ModelProvider } from './model-provider.js';
import { openOutbound } from './outbound/outbound.js';
import { closestNames } from '#libs/config';
import { type ClientSettings, SIMULATOR_ID, type ProviderEntry } from './define.js';
import type { ModelCard, RoutingCategory } from './catalogue/model-card.js';
import { ModelClient } from './model-client.js';
import { defaultModelOf, restrictionsOf } from './catalogue/restrictions.js';
import { type ProviderStatus, settingsOf, statusesOf } from './provider-status.js';

export interface ModelFilter {
  readonly includeRetired?: boolean;
  /** Leave out what the operator's restriction excludes; on unless switched off. */
  readonly respectRestrictions?: boolean;
}

/** The providers and models of this process, proven sound and with their clients built. Never changes. */
export class ProviderRegistry {
  private constructor(
    private readonly catalogue: Catalogue,
    private readonly statuses: ReadonlyMap<string, ProviderStatus>,
    private readonly ready: ReadonlyMap<string, ModelProvider>,
    /** Per restricted provider its allowed model ids in order of preference. */
    private readonly restrictions: ReadonlyMap<string, readonly string[]>,
    /** By provider; lower comes first. */
    private readonly priorities: ReadonlyMap<string, number>,
    /** The model a call without a name starts with; undefined = automatic. */
    readonly defaultModel: ModelCard | undefined,
    readonly warnings: readonly string[],
  ) {}

  static build(
    entries: readonly ProviderEntry[],
    config: Pick<Config, 'providers' | 'server'>,
    clients: Readonly<Record<string, ClientFactory>> = CLIENTS,
    guard: (client: ModelClient, settings: ClientSettings) => ModelClient = (client) => client,
  ): ProviderRegistry {
    const catalogue = Catalogue.build(entries);
    for (const provider of catalogue.providers) {
      if (!Object.hasOwn(clients, provider.api)) {
        const known = Object.keys(clients).join(', ');
        throw invalid(
          `provider "${provider.id}", field api: unknown dialect "${provider.api}"; known are ${known}`,
        );
      }
    }
    const warnings: string[] = [];
    const statuses = statusesOf(catalogue, config);
    const restrictions = restrictionsOf(catalogue, config, warnings);
    return new ProviderRegistry(
      catalogue,
      statuses,
      readyProvidersOf(catalogue, statuses, restrictions, config, clients, guard),
      restrictions,
      new Map(catalogue.providers.map(({ id, priority }) => [id, priority])),
      defaultModelOf(catalogue, statuses, restrictions, config, warnings),
      warnings,
    );
  }

  /** Rises with every change, so that what was derived from the lists can be derived again. */
  get revision(): number {
    return 1;
  }

  providers(): readonly ProviderStatus[] {
    return [...this.statuses.values()];
  }

  models({ includeRetired = false, respectRestrictions = true }: ModelFilter = {}): readonly ModelCard[] {
    return this.catalogue.models.filter(
      (card) =>
        (includeRetired || card.status !== 'retired') && (!respectRestrictions || this.isAllowed(card)),
    );
  }

  /** By id, alias or `provider/model`, without regard to case; retired and restricted models too. */
  find(name: string): ModelCard | undefined {
    return this.catalogue.find(name);
  }

  getCapabilities(name: string): ModelCard {
    const card = this.find(name);
    if (!card) throw new ExaiError('MODEL_NOT_FOUND', { model: name, suggestions: this.suggest(name) });
    return card;
  }

  /** The operator's restriction of this provider permits the model. */
  isAllowed(card: ModelCard): boolean {
    return this.restrictions.get(card.provider)?.includes(card.id) ?? true;
  }

  status(providerId: string): ProviderStatus {
    const status = this.statuses.get(providerId);
    if (!status) throw new ExaiError('INTERNAL', { reason: `no provider "${providerId}"` });
    return status;
  }

  /** @throws ExaiError PROVIDER_NOT_CONFIGURED, naming the variable to set. */
  provider(providerId: string): ModelProvider {
    const provider = this.ready.get(providerId);
    if (provider) return provider;
    const { keyVariable } = this.status(providerId);
    throw new ExaiError('PROVIDER_NOT_CONFIGURED', { provider: providerId, variable: keyVariable });
  }

  /** Loads what the clients of ready providers need, so that the first call does not wait for it. */
  async prepareClients(): Promise<void> {
    await Promise.all([...this.ready.values()].map((provider) => provider.prepare()));
  }

  /** The operator's order of models of a provider; undefined = no preference. */
  preference(providerId: string): readonly string[] | undefined {
    return this.restrictions.get(providerId);
  }

  /** Ids of the operator's candidates for a category, best first; empty = by rank. */
  routeOf(_category: RoutingCategory): readonly string[] {
    return [];
  }

  /** USD one call may cost; undefined = no limit. */
  get maxCostPerCallUsd(): number | undefined {
    return undefined;
  }

  /** Lower comes first where models are otherwise equal. */
  priority(providerId: string): number {
    return this.priorities.get(providerId) ?? Number.MAX_SAFE_INTEGER;
  }

  /** Whether automatic routing may use the provider: the simulator only stands in while no other is ready. */
  isRoutable(providerId: string): boolean {
    if (this.statuses.get(providerId)?.state !== 'ready') return false;
    return providerId !== SIMULATOR_ID || !this.providers().some(isRealAndReady);
  }

  /** The five names closest to `name` that can be used now, or that exist if none can. */
  suggest(name: string): readonly string[] {
    const known = this.models();
    const usable = known.filter((card) => this.statuses.get(card.provider)?.state === 'ready');
    return closestNames(
      name,
      (usable.length > 0 ? usable : known).map(({ id }) => id),
    );
  }

  summary(): string {
    const states = this.providers();
    const ready = states.filter(({ state }) => state === 'ready').length;
    return `${ready} of ${states.length} providers ready, ${this.models().length} models`;
  }
}

function isRealAndReady({ id, state }: ProviderStatus): boolean {
  return id !== SIMULATOR_ID && state === 'ready';
}

function readyProvidersOf(
  catalogue: Catalogue,
  statuses: ReadonlyMap<string, ProviderStatus>,
  restrictions: ReadonlyMap<string, readonly string[]>,
  config: Pick<Config, 'providers'>,
  factories: Readonly<Record<string, ClientFactory>>,
  guard: (client: ModelClient, settings: ClientSettings) => ModelClient,
): ReadonlyMap<string, ModelProvider> {
  const ready = new Map<string, ModelProvider>();
  for (const provider of catalogue.providers) {
    const settings = settingsOf(config, provider.id);
    const { connectMs, ...timeouts } = provider.timeouts;
    const outbound = openOutbound({ allowPrivate: provider.allowPrivate, connectTimeoutMs: connectMs });
    const clientSettings: ClientSettings = {
      provider,
      apiKey: settings?.apiKey ?? '',
      baseUrl: settings?.baseUrl ?? provider.baseUrl,
      timeouts: { ...timeouts, totalMs: settings?.timeoutMs ?? 180_000 },
      maxInflight: settings?.maxInflight ?? 8,
      fetch: outbound.fetch,
    };
    // Built without a key too, so that a faulty client is found before somebody sets one.
    const client = factories[provider.api]?.(clientSettings);
    if (!(client instanceof ModelClient) || typeof client.complete !== 'function') {
      throw invalid(
        `provider "${provider.id}", field api: the client of dialect "${provider.api}" has no member complete`,
      );
    }
    if (statuses.get(provider.id)?.state !== 'ready') continue;
    ready.set(
      provider.id,
      new ModelProvider({
        descriptor: provider,
        client: guard(client, clientSettings),
        find: (name) => catalogue.find(name),
        isAllowed: (card) => restrictions.get(card.provider)?.includes(card.id) ?? true,
      }),
    );
  }
  return ready;
}
