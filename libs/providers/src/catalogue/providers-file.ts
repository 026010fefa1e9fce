import type { EnvironmentVariables, ProviderSettings } from '#libs/config';
import { keyVariableOf, type ProviderEntry } from '../define.js';
import { idOf, invalid } from './catalogue.js';
import { headersOf, keyOf, type SecretFindings } from './file-secrets.js';
import { isOwnNetwork } from './own-network.js';
import { DIALECTS, type FileModel, type FileProvider, providersFileSchema } from './providers-file.schema.js';
import { readStructuredFile } from './structured-file.js';

export const PROVIDERS_FILE = 'EXAI_PROVIDERS_FILE';

const DEFAULT_TIMEOUT_MS = 180_000;
const DEFAULT_INFLIGHT = 8;
/** After the vendors' own APIs, before those who sell the models of others. */
const CUSTOM_PRIORITY = 50;

/** A provider of the file, its references resolved. Models are kept apart: they are merged with those of others. */
export interface ProviderAddition {
  /** All of a new provider, or what changes of a bundled one. */
  readonly entry: Partial<ProviderEntry> & { readonly id: string };
  readonly models: readonly FileModel[];
  readonly settings: Partial<ProviderSettings>;
}

/** @throws ExaiError CONFIG_INVALID that lists every fault with file, provider and field */
export function readProvidersFile(
  path: string,
  bundled: readonly ProviderEntry[],
  environment: EnvironmentVariables,
  found: SecretFindings,
): readonly ProviderAddition[] {
  const content = readStructuredFile(path, PROVIDERS_FILE);
  const parsed = providersFileSchema.safeParse(content);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${placeIn(content, issue.path)}: ${issue.message}`);
    throw invalid(`${path}: ${faults.join('; ')}`, PROVIDERS_FILE);
  }
  const { providers } = parsed.data;
  const faults = found.faults.length;
  checkProviders(providers, bundled, found.faults);
  const additions = providers.map((provider) => additionOf(provider, path, bundled, environment, found));
  const own = found.faults.slice(faults);
  if (own.length > 0) throw invalid(`${path}: ${own.join('; ')}`, PROVIDERS_FILE);
  return additions;
}

function additionOf(
  provider: FileProvider,
  path: string,
  bundled: readonly ProviderEntry[],
  environment: EnvironmentVariables,
  found: SecretFindings,
): ProviderAddition {
  const { id, baseUrl, timeoutSecs, maxInflight, allowedModels, models = [] } = provider;
  const known = bundled.find((entry) => entry.id === id);
  // A bundled provider has variables of its own, which are read already.
  const hasOwnKey = provider.apiKey ?? provider.apiKeyFile ?? provider.apiKeyEnv;
  const apiKey = known && !hasOwnKey ? undefined : keyOf(provider, path, environment, found);
  const settings: Partial<ProviderSettings> = {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseUrl: baseUrl.replace(/\/+$/, '') }),
    ...(allowedModels && { allowedModels }),
    ...(timeoutSecs !== undefined && { timeoutMs: timeoutSecs * 1_000 }),
    ...(maxInflight !== undefined && { maxInflight }),
  };
  const entry = entryOf(provider, headersOf(provider, environment, found));
  if (known) return { entry, models, settings };
  const isOwn = provider.allowPrivate === true || isOwnNetwork(baseUrl ?? '');
  return {
    entry: {
      title: id,
      priority: CUSTOM_PRIORITY,
      keyless: isOwn,
      allowPrivate: isOwn,
      keyVariable: provider.apiKeyEnv ?? keyVariableOf(id),
      // As the original of each dialect has it.
      auth: provider.type === 'anthropic-compatible' ? 'x-api-key' : 'bearer',
      ...entry,
    },
    models,
    settings: {
      allowedModels: [],
      timeoutMs: DEFAULT_TIMEOUT_MS,
      maxInflight: DEFAULT_INFLIGHT,
      ...settings,
    },
  };
}

function entryOf(provider: FileProvider, headers: Record<string, string>): ProviderAddition['entry'] {
  const { id, type, title, baseUrl, auth, allowPrivate, priority, discover } = provider;
  const { organization, apiVersion, query, timeouts, quirks } = provider;
  const allHeaders = {
    ...headers,
    ...(organization !== undefined && { 'OpenAI-Organization': organization }),
  };
  const allQuery = { ...query, ...(apiVersion !== undefined && { 'api-version': apiVersion }) };
  const given = {
    ...(type && { api: DIALECTS[type] }),
    ...(title !== undefined && { title }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(auth && { auth }),
    ...(allowPrivate !== undefined && { allowPrivate }),
    ...(priority !== undefined && { priority }),
    ...(discover !== undefined && { discover }),
    ...(Object.keys(allHeaders).length > 0 && { headers: allHeaders }),
    ...(Object.keys(allQuery).length > 0 && { query: allQuery }),
    ...(timeouts && { timeouts }),
    ...(quirks && { quirks }),
  };
  return { id, ...given };
}

function checkProviders(
  providers: readonly FileProvider[],
  bundled: readonly ProviderEntry[],
  faults: string[],
): void {
  const seen = new Set<string>();
  for (const { id, type, baseUrl, allowPrivate, models, discover } of providers) {
    const fault = (field: string, message: string): void => {
      faults.push(`provider "${id}", field ${field}: ${message}`);
    };
    if (seen.has(id)) fault('id', 'is used twice');
    seen.add(id);
    const known = bundled.find((entry) => entry.id === id);
    if (!known && type === undefined) fault('type', 'is missing');
    if (!known && baseUrl === undefined) fault('baseUrl', 'is missing');
    if (!known && !models?.length && !discover) fault('models', 'is empty, and discover is not true');
    const mayBePlain = allowPrivate ?? known?.allowPrivate ?? false;
    if (baseUrl?.startsWith('http:') && !mayBePlain && !isOwnNetwork(baseUrl)) {
      fault(
        'baseUrl',
        'plain http needs allowPrivate: true, or an address of this machine or a private network',
      );
    }
  }
}

/** The place of a fault in words; the content is whatever was written there. */
function placeIn(content: unknown, path: readonly PropertyKey[]): string {
  const [list, index, ...field] = path;
  const entries = (content as { providers?: unknown } | null)?.providers;
  if (list !== 'providers' || typeof index !== 'number' || !Array.isArray(entries)) {
    return `field ${path.map(String).join('.') || '(the whole file)'}`;
  }
  const provider: unknown = entries[index];
  const [inner, at, ...rest] = field;
  const models = (provider as { models?: unknown } | null)?.models;
  return inner === 'models' && typeof at === 'number' && Array.isArray(models)
    ? `provider "${idOf(provider)}", model "${idOf(models[at])}", field ${rest.map(String).join('.')}`
    : `provider "${idOf(provider)}", field ${field.map(String).join('.')}`;
}
