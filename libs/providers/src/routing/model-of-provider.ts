import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderRegistry } from '../provider-registry.js';
import { letsThrough } from '../resilience/circuit.js';
import type { Resilience } from '../resilience/resilience.js';
import { type CallerLimits } from './caller-limits.js';
import { refineCategory, unmetBy } from './requirements.js';
import type { ModelWish } from './route-decision.js';
import type { RouteOrder } from './route-order.js';
import type { Suggestions } from './suggestions.js';

/** The model for a call that only one provider can serve. */
export class ModelOfProvider {
  constructor(
    private readonly providerId: string,
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly limits: CallerLimits,
    private readonly suggestions: Suggestions,
  ) {}

  /**
   * The name to ask for, of a model that may still be refused for what it cannot do.
   * @throws ExaiError INVALID_ARGUMENT for a model of another provider, PROVIDER_NOT_CONFIGURED without a key
   */
  named(name: string): string {
    const { providerId, registry } = this;
    const own = registry.find(`${providerId}/${name}`);
    const card = own ?? registry.find(name);
    if (card && card.provider !== providerId) throw this.foreign(card);
    registry.provider(providerId);
    return own ? nameOf(own) : name;
  }

  /**
   * The first that can take the call; where none can, the first of all, so that its refusal tells why.
   * @throws ExaiError PROVIDER_NOT_CONFIGURED without a key, NO_MODEL_AVAILABLE when the operator allows none
   */
  first(wish: ModelWish, order: RouteOrder): string {
    const { providerId, registry } = this;
    registry.provider(providerId);
    const candidates = this.candidates(wish, order);
    const able = candidates.filter((card) => this.isAble(card, wish));
    const card = able.find((one) => letsThrough(this.resilience.circuitOf(one))) ?? able[0] ?? candidates[0];
    if (!card) {
      const reason = `no model of ${providerId} may be used`;
      throw new ExaiError('NO_MODEL_AVAILABLE', { provider: providerId, reason });
    }
    return nameOf(card);
  }

  /** The operator's default, then the order of the category, then what an operator's route leaves out. */
  private candidates(wish: ModelWish, order: RouteOrder): readonly ModelCard[] {
    const { registry } = this;
    const { described, discovered } = order[refineCategory(wish.category, wish.requires)];
    const active = registry.models().filter(({ status }) => status === 'active');
    const all = [registry.defaultModel, ...described, ...discovered, ...active];
    return all
      .filter((card) => card !== undefined)
      .filter((card) => card.provider === this.providerId && registry.isAllowed(card));
  }

  private isAble(card: ModelCard, { requires }: ModelWish): boolean {
    const { limits } = this;
    return limits.allows(card) && limits.tooDear(card) === undefined && unmetBy(card, requires) === undefined;
  }

  private foreign({ id, provider }: ModelCard): ExaiError {
    const known = this.suggestions.able({});
    const examples = known.length > 0 ? `, such as ${known.slice(0, 3).join(', ')}` : '';
    const expected = `a model of ${this.providerId}${examples}; ${id} is one of ${provider}`;
    return new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: '/model', expected }] });
  }
}

function nameOf({ provider, id }: ModelCard): string {
  return `${provider}/${id}`;
}
