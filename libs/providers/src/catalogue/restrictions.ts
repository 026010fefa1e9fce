import { closestNames, ROUTING_CATEGORIES, type RoutingCategory } from '#libs/config';
import { invalid, type Catalogue } from './catalogue.js';
import type { ModelCard } from './model-card.js';
import { type ProviderStatus, settingsOf, type SettingsById } from '../provider-status.js';

/** What the operator's lists of names are resolved against. */
export interface ChoiceContext {
  readonly catalogue: Catalogue;
  readonly settings: SettingsById;
  readonly statuses: ReadonlyMap<string, ProviderStatus>;
  /** Providers whose models are asked for and may not be known yet. */
  readonly discovering: ReadonlySet<string>;
  readonly warnings: string[];
}

export type Restrictions = ReadonlyMap<string, readonly string[]>;

/** Per restricted provider its allowed model ids in order of preference; names count after alias resolution. */
export function restrictionsOf({ catalogue, settings, discovering, warnings }: ChoiceContext): Restrictions {
  const restrictions = new Map<string, readonly string[]>();
  for (const { id, models, keyVariable } of catalogue.providers) {
    const names = settingsOf(settings, id)?.allowedModels ?? [];
    if (names.length === 0) continue;
    const variable = keyVariable.replace(/_API_KEY$/, '_ALLOWED_MODELS');
    const allowed: string[] = [];
    for (const name of names) {
      const card = atProvider(catalogue, name, id);
      if (!card) {
        // The vendor may list it later; until then the name stands for itself.
        if (discovering.has(id)) allowed.push(name.toLowerCase());
        else warnings.push(`${variable}: ${id} has no model "${name}"; ${closest(name, models)}`);
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
  context: ChoiceContext,
  restrictions: Restrictions,
  name: string,
): ModelCard | undefined {
  if (name.toLowerCase() === 'auto') return undefined;
  const variable = 'EXAI_DEFAULT_MODEL';
  const card = usableCard(context, name, variable);
  if (!card) return undefined;
  if (!(restrictions.get(card.provider)?.includes(card.id) ?? true)) {
    throw invalid(`${variable}: "${name}" is not among the allowed models of ${card.provider}`, variable);
  }
  const status = context.statuses.get(card.provider);
  if (status?.state !== 'ready') {
    context.warnings.push(
      `${variable}: "${name}" cannot be used until ${status?.keyVariable} is set; calls start with an automatic choice`,
    );
  }
  return card;
}

/** By category the ids of the operator's candidates, best first. */
export function routesOf(
  context: ChoiceContext,
  restrictions: Restrictions,
  routes: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<RoutingCategory, readonly string[]> {
  const resolved = new Map<RoutingCategory, readonly string[]>();
  for (const category of ROUTING_CATEGORIES) {
    const names = routes[category] ?? [];
    if (names.length === 0) continue;
    const variable = `EXAI_ROUTE_${category}`;
    const ids: string[] = [];
    for (const name of names) {
      const card = usableCard(context, name, variable);
      if (!card) continue;
      if (!(restrictions.get(card.provider)?.includes(card.id) ?? true)) {
        context.warnings.push(`${variable}: "${name}" is not among the allowed models of ${card.provider}`);
      } else if (!ids.includes(card.id)) {
        ids.push(card.id);
      }
    }
    if (ids.length === 0 && context.discovering.size === 0) {
      throw invalid(`${variable}: leaves no model to use`, variable);
    }
    resolved.set(category, ids);
  }
  return resolved;
}

/** The model of a name in a setting. A name that a vendor may still list is only warned about. */
function usableCard(
  { catalogue, discovering, warnings }: ChoiceContext,
  name: string,
  variable: string,
): ModelCard | undefined {
  const card = catalogue.find(name);
  if (card?.status === 'retired') {
    throw invalid(`${variable}: "${name}" is retired; use ${card.replacedBy}`, variable);
  }
  if (card) return card;
  const problem = `${variable}: there is no model "${name}"`;
  if (discovering.size === 0) throw invalid(`${problem}; ${closest(name, catalogue.models)}`, variable);
  warnings.push(`${problem} yet; ${[...discovering].join(', ')} may list it`);
  return undefined;
}

function atProvider(catalogue: Catalogue, name: string, provider: string): ModelCard | undefined {
  const card = catalogue.find(name);
  return card?.provider === provider ? card : ownCard(catalogue.find(`${provider}/${name}`), provider);
}

function ownCard(card: ModelCard | undefined, provider: string): ModelCard | undefined {
  return card?.provider === provider ? card : undefined;
}

function closest(name: string, models: readonly ModelCard[]): string {
  const usable = models.filter(({ status }) => status !== 'retired').map(({ id }) => id);
  return `closest are ${closestNames(name, usable, 3).join(', ')}`;
}
