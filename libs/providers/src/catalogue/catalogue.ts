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

  /** @throws ExaiError CONFIG_INVALID that lists every fault */
  static build(entries: readonly ProviderEntry[]): Catalogue {
    const faults: string[] = [];
    const providers = entries.flatMap((entry) => parseProvider(entry, faults));
    const ids = new Set<string>();
    for (const { id } of providers) {
      if (ids.has(id)) faults.push(`provider "${id}": the field id is used by two providers`);
      ids.add(id);
    }
    const byName = new Map<string, ModelCard>();
    const models = providers.flatMap((provider) => provider.models);
    for (const card of models) indexNames(byName, card, faults);
    for (const card of models) checkReplacement(byName, card, faults);
    if (faults.length > 0) throw invalid(faults.join('; '));
    return new Catalogue(providers, models, byName);
  }

  /** By id, alias or `provider/model`, without regard to case. */
  find(name: string): ModelCard | undefined {
    return this.byName.get(name.trim().toLowerCase());
  }

  provider(id: string): ProviderDescriptor | undefined {
    return this.providers.find((provider) => provider.id === id);
  }
}

export function invalid(reason: string, variable?: string): ExaiError {
  return new ExaiError('CONFIG_INVALID', { reason, ...(variable !== undefined && { variable }) });
}

function parseProvider(entry: ProviderEntry, faults: string[]): ProviderDescriptor[] {
  const parsed = providerSchema.safeParse(entry);
  if (parsed.success) return [parsed.data];
  faults.push(...parsed.error.issues.map(({ path, message }) => `${placeOf(entry, path)}: ${message}`));
  return [];
}

/** The place of a fault in words; the entry is whatever was written there, so nothing of it is trusted. */
export function placeOf(entry: unknown, path: readonly PropertyKey[]): string {
  const provider = `provider "${idOf(entry)}"`;
  const [list, index, ...field] = path;
  if (list !== 'models' || typeof index !== 'number')
    return `${provider}, field ${path.map(String).join('.')}`;
  const models = (entry as { models: unknown[] }).models;
  return `${provider}, model "${idOf(models[index])}", field ${field.map(String).join('.')}`;
}

export function idOf(value: unknown): string {
  const id = (value as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : '?';
}

function indexNames(byName: Map<string, ModelCard>, card: ModelCard, faults: string[]): void {
  for (const name of [card.id, ...card.aliases]) {
    const key = name.toLowerCase();
    const other = byName.get(key);
    if (other) {
      const field = name === card.id ? 'id' : 'aliases';
      const owner =
        other === card ? 'this model itself' : `model "${other.id}" of provider "${other.provider}"`;
      faults.push(
        `provider "${card.provider}", model "${card.id}", field ${field}: the name "${name}" is already taken by ${owner}`,
      );
    } else {
      byName.set(key, card);
    }
  }
  for (const name of [card.id, ...card.aliases]) {
    const key = `${card.provider}/${name}`.toLowerCase();
    if (!byName.has(key)) byName.set(key, card);
  }
}

function checkReplacement(byName: ReadonlyMap<string, ModelCard>, card: ModelCard, faults: string[]): void {
  if (card.replacedBy === undefined) return;
  const replacement = byName.get(card.replacedBy.toLowerCase());
  const place = `provider "${card.provider}", model "${card.id}", field replacedBy`;
  if (!replacement) faults.push(`${place}: there is no model "${card.replacedBy}"`);
  else if (replacement.status === 'retired') faults.push(`${place}: "${card.replacedBy}" is retired itself`);
}
