import type { ProviderRegistry } from '../provider-registry.js';
import type { Resilience } from '../resilience/resilience.js';
import { callerLimits } from './caller-limits.js';
import { Candidates } from './candidates.js';
import { NamedModel } from './named-model.js';
import { nothingLeft } from './nothing-left.js';
import { pickCandidate, refusedWindow } from './pick-candidate.js';
import { refineCategory } from './requirements.js';
import { type ModelWish, type RouteDecision, traceOf } from './route-decision.js';
import { type RouteOrder, routeOrderOf } from './route-order.js';
import { Suggestions } from './suggestions.js';

/** Decides which model answers an attempt. A named model is used or refused, never replaced. */
export class ModelRouter {
  private order: RouteOrder;
  private orderedAt: number;

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
  ) {
    this.order = routeOrderOf(registry);
    this.orderedAt = registry.revision;
  }

  /** `attempt` counts from 1. */
  choose(wish: ModelWish, attempt: number): RouteDecision {
    const name = wish.model.trim();
    return name === '' || name.toLowerCase() === 'auto'
      ? this.chooseCandidate(wish, attempt)
      : this.chooseNamed(name, wish);
  }

  private chooseNamed(name: string, wish: ModelWish): RouteDecision {
    const { registry, resilience } = this;
    const limits = callerLimits(registry, wish);
    const suggestions = new Suggestions(registry, resilience, this.currentOrder(), limits);
    const card = new NamedModel(registry, resilience, limits, suggestions).find(name, wish.requires);
    const { provider, id: model } = card;
    const reason = 'explicit';
    return {
      card,
      provider: registry.provider(provider),
      reason,
      next: { provider, model, sameProvider: true },
      trace: traceOf(wish, refineCategory(wish.category, wish.requires), card, reason, []),
    };
  }

  private chooseCandidate(wish: ModelWish, attempt: number): RouteDecision {
    const { registry, resilience } = this;
    const limits = callerLimits(registry, wish);
    const category = refineCategory(wish.category, wish.requires);
    const order = this.currentOrder()[category];
    const candidates = new Candidates(registry, resilience, wish, limits, order);
    const { usable, rejected } = candidates;
    const windowAbove = refusedWindow(wish.failures, (name) => registry.find(name));
    const card = pickCandidate(usable, { failures: wish.failures, attempt, windowAbove });
    if (!card) throw nothingLeft({ registry, limits, wish, candidates, windowAbove });
    const { provider, id: model } = card;
    const failures = [...wish.failures, { provider, model, code: 'PROVIDER_UNAVAILABLE' }];
    const next = pickCandidate(usable, { failures, attempt: attempt + 1, windowAbove });
    const isFirst = attempt === 1 && wish.failures.length === 0;
    const reason = isFirst ? candidates.reasonOf(card) : 'fallback';
    // A model whose provider is full comes last, but it may come.
    const others = rejected.filter((rejection) => rejection.model !== model);
    return {
      card,
      provider: registry.provider(provider),
      reason,
      ...(next && {
        next: { provider: next.provider, model: next.id, sameProvider: next.provider === provider },
      }),
      trace: traceOf(wish, category, card, reason, others),
    };
  }

  private currentOrder(): RouteOrder {
    const { revision } = this.registry;
    if (revision !== this.orderedAt) {
      this.order = routeOrderOf(this.registry);
      this.orderedAt = revision;
    }
    return this.order;
  }
}
