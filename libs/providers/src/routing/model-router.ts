import { catalogue, ExaiError, isErrorCode } from '#libs/errors';
import { SIMULATOR_ID } from '../define.js';
import type { ModelCard, RoutingCategory } from '../catalogue/model-card.js';
import type { ModelProvider } from '../model-provider.js';
import type { Resilience } from '../resilience/resilience.js';
import { ProviderRegistry } from '../provider-registry.js';
import { refineCategory, unmetBy, type Requirements } from './requirements.js';
import { routeOrderOf, type RouteOrder } from './route-order.js';

/** One earlier attempt of a call; `model` is the id of the card that was asked. */
export interface RouteFailure {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
}

export interface ModelWish {
  /** An id, an alias, `provider/model`, or `auto`. */
  readonly model: string;
  readonly category: RoutingCategory;
  /** The model that answered earlier in the same conversation. */
  readonly previousModel?: string;
  readonly requires: Requirements;
  /** Ids or aliases the caller's token permits; absent = all. */
  readonly allowedModels?: readonly string[];
  /** USD one call may cost by the caller's token; the operator's limit counts too. */
  readonly maxCostUsd?: number;
  /** Earlier attempts of the same call, oldest first. */
  readonly failures: readonly RouteFailure[];
}

export type RouteReason = 'explicit' | 'default' | 'thread' | 'auto' | 'fallback';

/** Why this model was asked, for logs and for the caller's `metadata.route`. */
export interface RouteTrace {
  readonly requested: string;
  readonly chosen: string;
  readonly provider: string;
  readonly reason: RouteReason;
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

export interface Rejection {
  readonly model: string;
  readonly why: string;
}

interface Candidate {
  readonly card: ModelCard;
  readonly reason: RouteReason;
}

/** After these the other models of the same provider are asked last. */
const PROVIDER_WIDE: ReadonlySet<string> = new Set([
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
  'PROVIDER_AUTH',
  'PROVIDER_QUOTA',
  'PROVIDER_TLS',
]);

/** Decides which model answers an attempt. A named model is used or refused, never replaced. */
export class ModelRouter {
  private readonly order: RouteOrder;

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
  ) {
    this.order = routeOrderOf(registry);
  }

  /** `attempt` counts from 1. */
  choose(wish: ModelWish, attempt: number): RouteDecision {
    const name = wish.model.trim();
    return name === '' || name.toLowerCase() === 'auto'
      ? this.chooseCandidate(wish, attempt)
      : this.chooseNamed(name, wish);
  }

  private chooseNamed(name: string, wish: ModelWish): RouteDecision {
    const card = this.registry.getCapabilities(name);
    const { provider, id: model } = card;
    if (card.status === 'retired') {
      const suggestions = card.replacedBy === undefined ? [] : [card.replacedBy];
      throw new ExaiError('MODEL_RETIRED', { provider, model, replacedBy: card.replacedBy, suggestions });
    }
    if (!this.registry.isAllowed(card)) {
      throw new ExaiError('MODEL_RESTRICTED', { provider, model, suggestions: this.registry.suggest(model) });
    }
    const { state, keyVariable } = this.registry.status(provider);
    if (state !== 'ready') {
      throw new ExaiError('PROVIDER_NOT_CONFIGURED', { provider, model, variable: keyVariable });
    }
    this.checkNamed(card, wish.requires);
    const next = { provider, model, sameProvider: true };
    const reason = 'explicit';
    const trace = traceOf(wish, card, reason, []);
    return { card, provider: this.registry.provider(provider), reason, next, trace };
  }

  /** A caller who names a model decides how well it reasons and how tight its window is; only the impossible is refused. */
  private checkNamed(card: ModelCard, { images, webSearch, contextTokens = 0 }: Requirements): void {
    const { provider, id: model } = card;
    const wanted = { images: images ?? false, webSearch: webSearch ?? false };
    const why = unmetBy(card, wanted);
    if (why !== undefined) {
      const suggestions = this.able(wanted);
      throw new ExaiError('MODEL_CAPABILITY', { provider, model, reason: `${model} ${why}`, suggestions });
    }
    if (contextTokens > card.contextWindow) {
      const suggestions = this.able({ ...wanted, contextTokens });
      throw new ExaiError('CONTEXT_TOO_LARGE', { provider, model, limit: card.contextWindow, suggestions });
    }
  }

  private chooseCandidate(wish: ModelWish, attempt: number): RouteDecision {
    const { candidates, rejected } = this.candidatesFor(wish);
    const chosen = pick(candidates, wish.failures, attempt);
    if (!chosen) throw this.nothingLeft(wish, rejected);
    const { provider, id: model } = chosen.card;
    const failure = { provider, model, code: 'PROVIDER_UNAVAILABLE' };
    const next = pick(candidates, [...wish.failures, failure], attempt + 1);
    const reason = attempt === 1 && wish.failures.length === 0 ? chosen.reason : 'fallback';
    return {
      card: chosen.card,
      provider: this.registry.provider(provider),
      reason,
      ...(next && {
        next: {
          provider: next.card.provider,
          model: next.card.id,
          sameProvider: next.card.provider === provider,
        },
      }),
      trace: traceOf(wish, chosen.card, reason, rejected),
    };
  }

  private candidatesFor(wish: ModelWish): { candidates: Candidate[]; rejected: Rejection[] } {
    const candidates = new Map<string, Candidate>();
    const rejected = new Map<string, Rejection>();
    const offer = (card: ModelCard, reason: RouteReason): void => {
      if (candidates.has(card.id)) return;
      const why = unmetBy(card, wish.requires);
      if (why === undefined) candidates.set(card.id, { card, reason });
      else rejected.set(card.id, { model: card.id, why });
    };
    const preferred = this.registry.defaultModel;
    if (preferred && this.registry.status(preferred.provider).state === 'ready') offer(preferred, 'default');
    const previous = wish.previousModel === undefined ? undefined : this.registry.find(wish.previousModel);
    if (previous && this.isUsable(previous)) offer(previous, 'thread');
    for (const card of this.order[refineCategory(wish.category, wish.requires)]) offer(card, 'auto');
    return { candidates: [...candidates.values()], rejected: [...rejected.values()] };
  }

  private isUsable(card: ModelCard): boolean {
    return (
      card.status !== 'retired' && this.registry.isAllowed(card) && this.registry.isRoutable(card.provider)
    );
  }

  /** Up to five models that could take such a call now, best first. */
  private able(requires: Requirements): string[] {
    return this.order.EXTENDED_REASONING.filter((card) => unmetBy(card, requires) === undefined)
      .slice(0, 5)
      .map(({ id }) => id);
  }

  private nothingLeft(wish: ModelWish, rejected: readonly Rejection[]): ExaiError {
    const last = wish.failures.at(-1);
    // Such a failure is final once no other candidate is left, and says more than the lack of candidates.
    if (last && isErrorCode(last.code) && catalogue[last.code].retry === 'elsewhere') {
      return new ExaiError(last.code, { provider: last.provider, model: last.model });
    }
    const lacking = this.registry
      .providers()
      .filter(({ state, id }) => state !== 'ready' && id !== SIMULATOR_ID);
    const helpful = lacking.filter(({ id }) =>
      this.registry.models().some((card) => card.provider === id && !unmetBy(card, wish.requires)),
    );
    const variables = helpful.map(({ keyVariable }) => keyVariable);
    const sentences = [
      ...groupByReason(rejected),
      ...(variables.length > 0 ? [`set ${variables.join(' or ')} to have one that can`] : []),
    ];
    const reason = sentences.length > 0 ? sentences.join('; ') : 'no provider is ready';
    return new ExaiError('NO_MODEL_AVAILABLE', {
      reason,
      ...(variables[0] !== undefined && { variable: variables[0] }),
    });
  }
}

function traceOf(
  { model: requested, category, requires }: ModelWish,
  { id: chosen, provider }: ModelCard,
  reason: RouteReason,
  rejected: readonly Rejection[],
): RouteTrace {
  return { requested, chosen, provider, reason, category, requirements: Object.keys(requires), rejected };
}

function groupByReason(rejected: readonly Rejection[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { model, why } of rejected) groups.set(why, [...(groups.get(why) ?? []), model]);
  return [...groups].map(([why, models]) => {
    const more = models.length > 6 ? ` and ${models.length - 6} more` : '';
    return `${models.slice(0, 6).join(', ')}${more} (${why})`;
  });
}

/** The candidate of an attempt: untried ones in order, then round again those whose failure may have passed. */
function pick(
  candidates: readonly Candidate[],
  failures: readonly RouteFailure[],
  attempt: number,
): Candidate | undefined {
  if (failures.length === 0) return candidates[(attempt - 1) % candidates.length];
  const lastCode = new Map(failures.map((failure) => [failure.model, failure.code]));
  const ailing = new Set(
    failures.filter(({ code }) => PROVIDER_WIDE.has(code)).map(({ provider }) => provider),
  );
  const tooSmall = candidates
    .filter(({ card }) => lastCode.get(card.id) === 'CONTEXT_TOO_LARGE')
    .reduce((largest, { card }) => Math.max(largest, card.contextWindow), 0);
  const eligible = candidates.filter(({ card }) => card.contextWindow > tooSmall);
  const untried = eligible.filter(({ card }) => !lastCode.has(card.id));
  const fresh = [
    ...untried.filter(({ card }) => !ailing.has(card.provider)),
    ...untried.filter(({ card }) => ailing.has(card.provider)),
  ];
  // An attempt that left no failure behind (its worker died) still counts.
  if (fresh.length > 0) return fresh[Math.max(0, attempt - 1 - failures.length) % fresh.length];
  const again = eligible.filter(({ card }) => mayPass(lastCode.get(card.id)));
  return again[(attempt - 1) % again.length];
}

function mayPass(code: string | undefined): boolean {
  return code === undefined || (isErrorCode(code) && catalogue[code].retry === 'queue');
}
