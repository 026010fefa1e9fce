import { ExaiError } from '#libs/errors';
import { providerSchema, type ProviderDescriptor, type ProviderEntry } from '../define.js';
import type { ModelCard } from './model-card.js';

/** All models of all providers, found by any of their names. Building it proves the descriptors sound. */
export class Catalogue {
  private constructor(
    readonly providers: readonly ProviderDescriptor[],
    readonly models: readonly ModelCard[],
    private readonly byName: ReadonlyMap<string, ModelCard>,
  ) {}

  static build(entries: readonly ProviderEntry[]): Catalogue {
    const providers = entries.map(parseProvider);
    const ids = new Set<string>();
    for (const { id } of providers) {
      if (ids.has(id)) throw invalid(`provider "${id}": the field id is used by two providers`);
      ids.add(id);
    }
    const byName = new Map<string, ModelCard>();
    for (const provider of providers) {
      for (const card of provider.models) indexNames(byName, card);
    }
    const models = providers.flatMap((provider) => provider.models);
    for (const card of models) checkReplacement(byName, card);
    return new Catalogue(providers, models, byName);
  }

  /** By id, alias or `provider/model`, without regard to case. */
  find(name: string): ModelCard | undefined {
    return this.byName.get(name.trim().toLowerCase());
  }
}

export function invalid(reason: string, variable?: string): ExaiError {
  return new ExaiError('CONFIG_INVALID', { reason, ...(variable !== undefined && { variable }) });
}

function parseProvider(entry: ProviderEntry): ProviderDescriptor {
  const parsed = providerSchema.safeParse(entry);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${placeOf(entry, issue?.path ?? [])}: ${issue?.message ?? 'not a provider'}`);
}

/** The place of a fault in words; the entry is whatever was written there, so nothing of it is trusted. */
function placeOf(entry: unknown, path: readonly PropertyKey[]): string {
  const provider = `provider "${idOf(entry)}"`;
  const [list, index, ...field] = path;
  if (list !== 'models' || typeof index !== 'number')
    return `${provider}, field ${path.map(String).join('.')}`;
  const models = (entry as { models: unknown[] }).models;
  return `${provider}, model "${idOf(models[index])}", field ${field.map(String).join('.')}`;
}

function idOf(value: unknown): string {
  const id = (value as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : '?';
}

function indexNames(byName: Map<string, ModelCard>, card: ModelCard): void {
  for (const name of [card.id, ...card.aliases]) {
    const key = name.toLowerCase();
    const other = byName.get(key);
    if (other) {
      const field = name === card.id ? 'id' : 'aliases';
      const owner =
        other === card ? 'this model itself' : `model "${other.id}" of provider "${other.provider}"`;
      throw invalid(
        `provider "${card.provider}", model "${card.id}", field ${field}: the name "${name}" is already taken by ${owner}`,
      );
    }
    byName.set(key, card);
  }
  for (const name of [card.id, ...card.aliases]) {
    const key = `${card.provider}/${name}`.toLowerCase();
    if (!byName.has(key)) byName.set(key, card);
  }
}

function checkReplacement(byName: ReadonlyMap<string, ModelCard>, card: ModelCard): void {
  if (card.replacedBy === undefined) return;
  const replacement = byName.get(card.replacedBy.toLowerCase());
  const place = `provider "${card.provider}", model "${card.id}", field replacedBy`;
  if (!replacement) throw invalid(`${place}: there is no model "${card.replacedBy}"`);
  if (replacement.status === 'retired') throw invalid(`${place}: "${card.replacedBy}" is retired itself`);
}
