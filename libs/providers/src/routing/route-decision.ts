import type { ModelCard, RoutingCategory } from '../catalogue/model-card.js';
import type { ModelProvider } from '../model-provider.js';
import type { RouteFailure } from './pick-candidate.js';
import { inWords, type Requirements } from './requirements.js';

export interface ModelWish {
  /** An id, an alias, `provider/model`, or `auto`. */
  readonly model: string;
  readonly category: RoutingCategory;
  /** The model that answered earlier in the same conversation. */
  readonly previousModel?: string;
  readonly requires: Requirements;
  /** Ids, aliases or `provider/model` the caller's token permits; absent = all, empty = none. */
  readonly allowedModels?: readonly string[];
  /** USD one call may cost by the caller's token; the operator's limit counts too. */
  readonly maxCostUsd?: number;
  /** Earlier attempts of the same call, oldest first. */
  readonly failures: readonly RouteFailure[];
}

export type RouteReason = 'explicit' | 'default' | 'thread' | 'auto' | 'fallback';

export interface Rejection {
  readonly model: string;
  /** In words that follow the name of the model. */
  readonly why: string;
}

/** Why this model was asked, for logs and for the caller's `metadata.route`. */
export interface RouteTrace {
  readonly requested: string;
  readonly chosen: string;
  readonly provider: string;
  readonly reason: RouteReason;
  /** The one the call falls into by its content. */
  readonly category: RoutingCategory;
  /** What the request needs, in words, for example `images`. */
  readonly requirements: readonly string[];
  readonly rejected: readonly Rejection[];
}

export interface RouteDecision {
  readonly card: ModelCard;
  readonly provider: ModelProvider;
  readonly reason: RouteReason;
  /** What the next attempt would ask if this provider fails as a whole. */
  readonly next?: { readonly provider: string; readonly model: string; readonly sameProvider: boolean };
  readonly trace: RouteTrace;
}

export function traceOf(
  { model: requested, requires }: ModelWish,
  category: RoutingCategory,
  { id: chosen, provider }: ModelCard,
  reason: RouteReason,
  rejected: readonly Rejection[],
): RouteTrace {
  return { requested, chosen, provider, reason, category, requirements: inWords(requires), rejected };
}
