import type { Config } from '#libs/config';
import { invalid, type Catalogue } from './catalogue.js';
import { closestNames } from '#libs/config';
import type { ModelCard } from './model-card.js';
import { type ProviderStatus, settingsOf } from '../provider-status.js';

/** Per restricted provider its allowed model ids in order of preference; names count after alias resolution. */
export function restrictionsOf(
  catalogue: Catalogue,
  config: Pick<Config, 'providers'>,
  warnings: string[],
): ReadonlyMap<string, readonly string[]> {
  const restrictions = new Map<string, readonly string[]>();
  for (const { id, models, keyVariable } of catalogue.providers) {
    const names = settingsOf(config, id)?.allowedModels ?? [];
    if (names.length === 0) continue;
    const variable = keyVariable.replace(/_API_KEY$/, '_ALLOWED_MODELS');
    const allowed: string[] = [];
    for (const name of names) {
      const card = catalogue.find(name);
      if (card?.provider !== id) {
        const closest = closestNames(
          name,
          models.filter(({ status }) => status !== 'retired').map((model) => model.id),
          3,
        );
        warnings.push(`${variable}: ${id} has no model "${name}"; closest are ${closest.join(', ')}`);
      } else if (card.status === 'retired') {
        warnings.push(`${variable}: "${name}" is retired; use ${card.replacedBy}`);
      } else if (!allowed.includes(card.id)) {
        allowed.push(card.id);
      }
    }
    if (allowed.length === 0) {
      throw invalid(`provider "${id}", field allowedModels: ${variable} leaves no model to use`, variable);
    }
    restrictions.set(id, allowed);
  }
  return restrictions;
}

/** The model a call without a name starts with; undefined = automatic. */
export function defaultModelOf(
  catalogue: Catalogue,
  statuses: ReadonlyMap<string, ProviderStatus>,
  restrictions: ReadonlyMap<string, readonly string[]>,
  config: Pick<Config, 'providers'>,
  warnings: string[],
): ModelCard | undefined {
  const name = config.providers.defaultModel;
  if (name.toLowerCase() === 'auto') return undefined;
  const variable = 'EXAI_DEFAULT_MODEL';
  const card = catalogue.find(name);
  if (!card) {
    const usable = catalogue.models.filter(({ status }) => status !== 'retired').map(({ id }) => id);
    const closest = closestNames(name, usable, 3).join(', ');
    throw invalid(`${variable}: there is no model "${name}"; closest are ${closest}`, variable);
  }
  if (card.status === 'retired') {
    throw invalid(`${variable}: "${name}" is retired; use ${card.replacedBy}`, variable);
  }
  if (!(restrictions.get(card.provider)?.includes(card.id) ?? true)) {
    throw invalid(`${variable}: "${name}" is not among the allowed models of ${card.provider}`, variable);
  }
  const status = statuses.get(card.provider);
  if (status?.state !== 'ready') {
    warnings.push(
      `${variable}: "${name}" cannot be used until ${status?.keyVariable} is set; calls start with an automatic choice`,
    );
  }
  return card;
}
