import { catalogue, ExaiError, isErrorCode } from '#libs/errors';
import { SIMULATOR_ID } from '../define.js';
import type { ProviderRegistry } from '../provider-registry.js';
import { refusalOf } from '../resilience/refusal.js';
import { type CallerLimits } from './caller-limits.js';
import type { Blocked, Candidates } from './candidates.js';
import { pickCandidate } from './pick-candidate.js';
import { unmetBy } from './requirements.js';
import type { ModelWish, Rejection } from './route-decision.js';

const MOST_NAMES = 6;
const MOST_VARIABLES = 3;

export interface DeadEnd {
  readonly registry: ProviderRegistry;
  readonly limits: CallerLimits;
  readonly wish: ModelWish;
  readonly candidates: Candidates;
  /** See `PickState`. */
  readonly windowAbove: number;
}

/** Why automatic routing has no model for this attempt. */
export function nothingLeft({ registry, limits, wish, candidates, windowAbove }: DeadEnd): ExaiError {
  const soonest = soonestOf(candidates.blocked, wish, windowAbove);
  if (soonest) {
    return refusalOf(soonest.card, soonest.view, registry.status(soonest.card.provider).keyVariable);
  }
  const last = wish.failures.at(-1);
  // Such a failure is final once no other candidate is left, and says more than the lack of candidates.
  if (last && isErrorCode(last.code) && catalogue[last.code].retry === 'elsewhere') {
    const { provider, model, code } = last;
    const limit = code === 'CONTEXT_TOO_LARGE' ? { limit: windowAbove } : {};
    return new ExaiError(code, { provider, model, ...limit });
  }
  const variables = helpfulVariables(registry, limits, wish);
  const sentences = [
    ...groupByReason(candidates.rejected),
    ...(variables.length > 0 ? [`set ${variables.join(' or ')} to have one that can`] : []),
  ];
  const reason = sentences.length > 0 ? sentences.join('; ') : 'no provider is ready';
  return new ExaiError('NO_MODEL_AVAILABLE', {
    reason,
    ...(variables[0] !== undefined && { variable: variables[0] }),
  });
}

/** Of the models that only a circuit keeps off, the one that is asked again first. */
function soonestOf(
  blocked: readonly Blocked[],
  { failures }: ModelWish,
  windowAbove: number,
): Blocked | undefined {
  const state = { failures, attempt: failures.length + 1, windowAbove };
  return blocked
    .filter((candidate) => pickCandidate([candidate.card], state) !== undefined)
    .reduce<Blocked | undefined>((best, candidate) => {
      const waitMs = candidate.view.retryInMs ?? Infinity;
      return best && (best.view.retryInMs ?? Infinity) <= waitMs ? best : candidate;
    }, undefined);
}

/** Variables of providers that are not ready and have a model for the call, the best known ones if any. */
function helpfulVariables(
  registry: ProviderRegistry,
  limits: CallerLimits,
  { requires }: ModelWish,
): readonly string[] {
  const models = registry.models();
  const helpful = registry
    .providers()
    .filter(({ state, id }) => state !== 'ready' && id !== SIMULATOR_ID)
    .filter(({ id }) =>
      models.some((card) => card.provider === id && limits.allows(card) && !unmetBy(card, requires)),
    );
  const prominent = helpful.filter((status) => status.prominent);
  return (prominent.length > 0 ? prominent : helpful)
    .slice(0, MOST_VARIABLES)
    .map(({ keyVariable }) => keyVariable);
}

function groupByReason(rejected: readonly Rejection[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { model, why } of rejected) groups.set(why, [...(groups.get(why) ?? []), model]);
  return [...groups].map(([why, models]) => {
    const more = models.length > MOST_NAMES ? ` and ${models.length - MOST_NAMES} more` : '';
    return `${models.slice(0, MOST_NAMES).join(', ')}${more} (${why})`;
  });
}
