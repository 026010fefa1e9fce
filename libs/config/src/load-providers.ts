import { resolve } from 'node:path';
import { type ProvidersConfig, type ProviderSettings } from './config.js';
import { present } from './present.js';
import { PROVIDER_SETTINGS, ROUTE_SETTINGS } from './provider-schema.js';
import { type RawValues } from './raw-values.js';
import { SETTINGS } from './schema.js';

const SECOND = 1_000;

/** The simulator is ours and has no vendor limit; these only bound one process. */
const SIMULATOR_MAX_INFLIGHT = 256;
const SIMULATOR_TIMEOUT_MS = 180 * SECOND;

/** @param cwd what relative paths are relative to */
export function readProviders(values: RawValues, production: boolean, cwd: string): ProvidersConfig {
  const vendors = PROVIDER_SETTINGS.map((item): [string, ProviderSettings] => [
    item.id,
    present({
      apiKey: values.readProviderKey(item.apiKey),
      baseUrl: values.read(item.baseUrl),
      allowedModels: values.read(item.allowedModels),
      timeoutMs: values.read(item.timeout) * SECOND,
      maxInflight: values.read(item.maxInflight),
    }),
  ]);
  const routes = ROUTE_SETTINGS.map(({ category, setting }) => [category, values.read(setting)] as const);
  const simulatorPort = values.read(SETTINGS.simulatorPort);
  const simulator = values.read(SETTINGS.simulator);
  const file = values.read(SETTINGS.providersFile);
  const catalogFile = values.read(SETTINGS.catalogFile);
  return present({
    settings: {
      ...Object.fromEntries(vendors),
      simulator: {
        baseUrl: values.read(SETTINGS.simulatorBaseUrl) ?? `http://127.0.0.1:${simulatorPort}/v1`,
        allowedModels: [],
        timeoutMs: SIMULATOR_TIMEOUT_MS,
        maxInflight: SIMULATOR_MAX_INFLIGHT,
      },
    },
    simulator: simulator === 'auto' && production ? 'off' : simulator,
    simulatorPort,
    defaultModel: values.read(SETTINGS.defaultModel),
    file: file === undefined ? undefined : resolve(cwd, file),
    catalogFile: catalogFile === undefined ? undefined : resolve(cwd, catalogFile),
    discovery: values.read(SETTINGS.discovery),
    routes: Object.fromEntries(routes.filter(([, names]) => names.length > 0)),
    maxCostPerCallUsd: values.read(SETTINGS.maxCostPerCall),
    dailyBudgetUsd: values.read(SETTINGS.dailyBudget),
    outboundProxy: values.read(SETTINGS.outboundProxy),
  });
}
