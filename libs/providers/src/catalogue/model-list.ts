import type { ProviderEntry } from '../define.js';
import { ASSUMED_LIMITS, type ModelEntry } from './model-card.js';
import type { FileModel } from './providers-file.schema.js';

const ID = /^[a-z0-9][a-z0-9._:/-]*$/;

/** The models of all providers while they are put together: finds and changes them by id, keeps names unique. */
export class ModelList {
  private readonly byProvider = new Map<string, ModelEntry[]>();
  private readonly names = new Set<string>();

  constructor(entries: readonly ProviderEntry[]) {
    for (const { id, models } of entries) {
      this.byProvider.set(id, [...models]);
      for (const model of models) this.take(id, model);
    }
  }

  addProvider(id: string): void {
    if (!this.byProvider.has(id)) this.byProvider.set(id, []);
  }

  hasProvider(id: string): boolean {
    return this.byProvider.has(id);
  }

  modelsOf(provider: string): readonly ModelEntry[] {
    return this.byProvider.get(provider) ?? [];
  }

  /** The model of this id, or of this name on the wire, at the provider, or at any. */
  find(
    name: string,
    provider?: string,
  ): { readonly provider: string; readonly model: ModelEntry } | undefined {
    const wanted = name.toLowerCase();
    for (const [id, models] of this.byProvider) {
      if (provider !== undefined && provider !== id) continue;
      const model = models.find(
        (entry) =>
          entry.id === wanted || (provider !== undefined && entry.apiModel?.toLowerCase() === wanted),
      );
      if (model) return { provider: id, model };
    }
    return undefined;
  }

  /** Changes the fields that are given; the others stay. */
  override(provider: string, model: ModelEntry, fields: Omit<FileModel, 'id'>): void {
    const models = this.byProvider.get(provider) ?? [];
    models[models.indexOf(model)] = { ...model, ...fields } as ModelEntry;
  }

  /**
   * Adds a model of which little may be known. A name that belongs to a model of another provider goes behind the
   * name of its own. Undefined = the name cannot be an id.
   */
  add(provider: string, { id: name, ...fields }: FileModel): ModelEntry | undefined {
    const plain = name.toLowerCase();
    if (!ID.test(plain)) return undefined;
    const id = this.names.has(plain) ? `${provider}/${plain}` : plain;
    const model = {
      ...ASSUMED_LIMITS,
      // Without a window nobody has described it; its abilities are assumed.
      ...(fields.contextWindow === undefined && { discovered: true }),
      ...(id !== name && { apiModel: name }),
      ...fields,
      id,
    } as ModelEntry;
    this.addProvider(provider);
    this.byProvider.get(provider)?.push(withinWindow(model));
    this.take(provider, model);
    return model;
  }

  private take(provider: string, { id, aliases = [] }: ModelEntry): void {
    for (const name of [id, ...aliases]) {
      this.names.add(name.toLowerCase());
      this.names.add(`${provider}/${name}`.toLowerCase());
    }
  }
}

function withinWindow(model: ModelEntry): ModelEntry {
  return { ...model, maxOutputTokens: Math.min(model.maxOutputTokens, model.contextWindow) };
}
