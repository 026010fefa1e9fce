import type { ProviderRegistry } from '../provider-registry.js';
import type { Resilience } from '../resilience/resilience.js';
import { type CallerLimits, callerLimits } from './caller-limits.js';
import { Candidates } from './candidates.js';
import { NamedModel } from './named-model.js';
import { nothingLeft } from './nothing-left.js';
import { pickCandidate, refusedWindow } from './pick-candidate.js';
import { refineCategory } from './requirements.js';
import { ModelOfProvider } from './model-of-provider.js';
import { type ModelWish, type RouteDecision, type RouteReason, traceOf } from './route-decision.js';
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
    if (isAuto(wish.model)) return this.chooseCandidate(wish, attempt);
    const limits = callerLimits(this.registry, wish);
    return this.chooseNamed(wish.model.trim(), wish, limits, this.suggestionsFor(limits), 'explicit');
  }

  /**
   * For a call that only one provider can serve: the model named, or without a name that provider's first one for
   * the wish. Every attempt asks for it anew.
   * @throws ExaiError INVALID_ARGUMENT for a model of another provider, and as `choose` does for a named model
   */
  chooseOf(providerId: string, wish: ModelWish): RouteDecision {
    const { registry, resilience } = this;
    const limits = callerLimits(registry, wish);
    const suggestions = this.suggestionsFor(limits, providerId);
    const models = new ModelOfProvider(providerId, registry, resilience, limits, suggestions);
    return isAuto(wish.model)
      ? this.chooseNamed(models.first(wish, this.currentOrder()), wish, limits, suggestions, 'default')
      : this.chooseNamed(models.named(wish.model.trim()), wish, limits, suggestions, 'explicit');
  }

  private suggestionsFor(limits: CallerLimits, providerId?: string): Suggestions {
    return new Suggestions(this.registry, this.resilience, this.currentOrder(), limits, providerId);
  }

  private chooseNamed(
    name: string,
    wish: ModelWish,
    limits: CallerLimits,
    suggestions: Suggestions,
    reason: RouteReason,
  ): RouteDecision {
    const { registry, resilience } = this;
    const card = new NamedModel(registry, resilience, limits, suggestions).find(name, wish.requires);
    const { provider, id: model } = card;
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

function isAuto(model: string): boolean {
  const name = model.trim().toLowerCase();
  return name === '' || name === 'auto';
}
