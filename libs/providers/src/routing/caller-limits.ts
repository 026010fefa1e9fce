import type { ModelCard } from '../catalogue/model-card.js';
import { estimateCost } from '../cost.js';
import type { ProviderRegistry } from '../provider-registry.js';

/** What the operator and the caller's token leave of the models, for one call. */
export interface CallerLimits {
  /** The token permits the model. */
  allows(card: ModelCard): boolean;
  /** Why the call is too dear for the model, in words that follow its name; undefined when it is not. */
  tooDear(card: ModelCard): string | undefined;
}

interface Wanted {
  readonly allowedModels?: readonly string[];
  readonly maxCostUsd?: number;
  readonly requires: { readonly contextTokens?: number };
}

const DOLLARS = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export function callerLimits(
  registry: ProviderRegistry,
  { allowedModels, maxCostUsd, requires }: Wanted,
): CallerLimits {
  const permitted = allowedModels && namesOf(registry, allowedModels);
  const limit = Math.min(maxCostUsd ?? Infinity, registry.maxCostPerCallUsd ?? Infinity);
  let words: string | undefined;
  const overLimit = (): string => (words ??= `may cost more than $${DOLLARS.format(limit)}`);
  return {
    allows: (card) => permitted?.has(nameOf(card)) ?? true,
    tooDear: (card) => {
      if (limit === Infinity) return undefined;
      const cost = estimateCost(card, requires.contextTokens ?? 0);
      // A limit that a price list cannot show to be kept is not kept.
      if (cost === undefined) return `has no known price, so it ${overLimit()}`;
      return cost > limit ? overLimit() : undefined;
    },
  };
}

/** Names of a token count after alias resolution, like those of the operator. */
function namesOf(registry: ProviderRegistry, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => registry.find(name)).flatMap((card) => (card ? [nameOf(card)] : [])));
}

function nameOf({ provider, id }: ModelCard): string {
  return `${provider}/${id}`;
}
