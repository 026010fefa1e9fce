import type { ProviderReading, ProviderSettings } from '#libs/config';
import type { ProviderEntry } from '../define.js';
import type { RemoteModel } from '../model-client.js';
import { invalid } from './catalogue.js';
import { addDiscovered } from './discovered-models.js';
import type { SecretFindings } from './file-secrets.js';
import { ModelList } from './model-list.js';
import { CATALOG_FILE, readModelsFile } from './models-file.js';
import { PROVIDERS_FILE, type ProviderAddition, readProvidersFile } from './providers-file.js';

/** Everything that is known about providers, from the bundled entries, the files, and what the vendors list. */
export interface Assembly {
  readonly entries: readonly ProviderEntry[];
  /** By provider id. */
  readonly settings: Readonly<Record<string, ProviderSettings>>;
  /** Every key and other secret, for redaction. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
  /** The files that all this depends on. */
  readonly files: readonly string[];
  /** Settings that name the files, to be blamed for faults of the whole; absent without a file. */
  readonly variable?: string;
}

/** By provider id what its vendor listed. */
export type DiscoveredModels = ReadonlyMap<string, readonly RemoteModel[]>;

/** @throws ExaiError CONFIG_INVALID that lists every fault of a file */
export function assemble(
  bundled: readonly ProviderEntry[],
  { providers, environment, secrets, warnings, secretFiles }: ProviderReading,
  discovered: DiscoveredModels = new Map(),
): Assembly {
  const found: SecretFindings = {
    faults: [],
    warnings: [...warnings],
    secrets: [...secrets],
    files: [...secretFiles],
  };
  const { file, catalogFile } = providers;
  const additions = file === undefined ? [] : readProvidersFile(file, bundled, environment, found);
  const files = [file, catalogFile].filter((path) => path !== undefined);
  const variables = [file && PROVIDERS_FILE, catalogFile && CATALOG_FILE].filter(Boolean).join(' or ');
  const result = {
    settings: mergeSettings(providers.settings, additions),
    secrets: found.secrets,
    warnings: found.warnings,
    files: [...files, ...found.files],
    ...(variables !== '' && { variable: variables }),
  };
  if (files.length === 0 && discovered.size === 0) return { entries: bundled, ...result };
  const models = new ModelList(bundled);
  for (const { entry } of additions) models.addProvider(entry.id);
  for (const addition of additions) mergeModels(addition, models, file ?? '');
  if (catalogFile !== undefined) applyCatalogFile(catalogFile, models);
  addDiscovered(models, discovered);
  const entries = mergeEntries(bundled, additions);
  return {
    entries: entries.map((entry) => ({ ...entry, models: [...models.modelsOf(entry.id)] })),
    ...result,
  };
}

function mergeModels({ entry, models: given }: ProviderAddition, models: ModelList, path: string): void {
  for (const { id, ...fields } of given) {
    const known = models.find(id, entry.id);
    if (known) models.override(known.provider, known.model, fields);
    else if (!models.add(entry.id, { id, ...fields })) {
      throw invalid(
        `${path}: provider "${entry.id}", model "${id}", field id: only letters, digits and . _ : / -`,
        PROVIDERS_FILE,
      );
    }
  }
}

function applyCatalogFile(path: string, models: ModelList): void {
  const faults: string[] = [];
  for (const { id, provider, ...fields } of readModelsFile(path)) {
    const known = models.find(id, provider);
    const fault = (field: string, message: string): void => {
      faults.push(`model "${id}", field ${field}: ${message}`);
    };
    if (known) models.override(known.provider, known.model, fields);
    else if (provider === undefined) fault('provider', 'is missing, and no model has this id');
    else if (!models.hasProvider(provider)) fault('provider', `there is no provider "${provider}"`);
    else if (!models.add(provider, { id, ...fields })) fault('id', 'only letters, digits and . _ : / -');
  }
  if (faults.length > 0) throw invalid(`${path}: ${faults.join('; ')}`, CATALOG_FILE);
}

function mergeEntries(
  bundled: readonly ProviderEntry[],
  additions: readonly ProviderAddition[],
): readonly ProviderEntry[] {
  const changed = bundled.map((entry) => {
    const addition = additions.find(({ entry: { id } }) => id === entry.id);
    if (!addition) return entry;
    const { headers, query, timeouts, quirks, ...fields } = addition.entry;
    return {
      ...entry,
      ...fields,
      ...(headers && { headers: { ...entry.headers, ...headers } }),
      ...(query && { query: { ...entry.query, ...query } }),
      ...(timeouts && { timeouts: { ...entry.timeouts, ...timeouts } }),
      ...(quirks && { quirks: { ...entry.quirks, ...quirks } }),
    };
  });
  const fresh = additions
    .filter(({ entry }) => !bundled.some(({ id }) => id === entry.id))
    .map(({ entry }) => entry as ProviderEntry);
  return [...changed, ...fresh];
}

/** What the environment says of key, address and models comes first: it can be changed without the file. */
function mergeSettings(
  settings: Readonly<Record<string, ProviderSettings>>,
  additions: readonly ProviderAddition[],
): Readonly<Record<string, ProviderSettings>> {
  const merged = new Map(Object.entries(settings));
  for (const { entry, settings: added } of additions) {
    const own = merged.get(entry.id);
    const { apiKey, baseUrl, allowedModels = [] } = own ?? {};
    merged.set(entry.id, {
      ...(own as ProviderSettings),
      ...added,
      ...(apiKey !== undefined && { apiKey }),
      ...(baseUrl !== undefined && { baseUrl }),
      ...(allowedModels.length > 0 && { allowedModels }),
    });
  }
  return Object.fromEntries(merged);
}
