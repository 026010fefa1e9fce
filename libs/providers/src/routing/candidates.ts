import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderRegistry } from '../provider-registry.js';
import { type CircuitView, letsThrough } from '../resilience/circuit.js';
import type { Resilience } from '../resilience/resilience.js';
import { ROOMS } from '../resilience/slots.js';
import { type CallerLimits } from './caller-limits.js';
import { unmetBy } from './requirements.js';
import type { ModelWish, Rejection, RouteReason } from './route-decision.js';
import type { CategoryOrder } from './route-order.js';

/** A model that only its circuit keeps from being asked. */
export interface Blocked {
  readonly card: ModelCard;
  readonly view: CircuitView;
}

/** What automatic routing has to choose from for one call. Looks at every model, so it does little with each. */
export class Candidates {
  readonly blocked: Blocked[] = [];
  readonly rejected: Rejection[] = [];
  /** Best first. */
  readonly usable: readonly ModelCard[];
  private readonly preferred: ModelCard | undefined;
  private readonly previous: ModelCard | undefined;

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly wish: ModelWish,
    private readonly limits: CallerLimits,
    { described, discovered, providers }: CategoryOrder,
  ) {
    this.preferred = registry.defaultModel;
    this.previous = this.findPrevious();
    const head: ModelCard[] = [];
    if (this.preferred && this.isReady(this.preferred)) this.offer(this.preferred, head);
    if (this.previous) this.offer(this.previous, head);
    let tail = this.offerAll(described);
    if (head.length + tail.length === 0) tail = this.offerAll(discovered);
    // Default and thread wait for their provider; the rest is only an order of taste.
    this.usable = [...head, ...this.leastCrowdedFirst(tail, providers)];
  }

  reasonOf(card: ModelCard): RouteReason {
    if (card === this.preferred) return 'default';
    return card === this.previous ? 'thread' : 'auto';
  }

  private findPrevious(): ModelCard | undefined {
    const { previousModel } = this.wish;
    const card = previousModel === undefined ? undefined : this.registry.find(previousModel);
    if (!card || card === this.preferred) return undefined;
    const why = this.barTo(card);
    if (why === undefined) return card;
    this.reject(card, why);
    return undefined;
  }

  /** What the lists of candidates have left out already, for a model that comes from elsewhere. */
  private barTo(card: ModelCard): string | undefined {
    if (card.status === 'retired') return 'is retired';
    if (!this.registry.isAllowed(card)) return 'is not allowed by the operator';
    return this.registry.isRoutable(card.provider) ? undefined : 'its provider is not used now';
  }

  private isReady(card: ModelCard): boolean {
    const ready = this.registry.status(card.provider).state === 'ready';
    if (!ready) this.reject(card, 'its provider is not configured');
    return ready;
  }

  private offerAll(cards: readonly ModelCard[]): ModelCard[] {
    const taken: ModelCard[] = [];
    for (const card of cards) {
      if (card !== this.preferred && card !== this.previous) this.offer(card, taken);
    }
    return taken;
  }

  private offer(card: ModelCard, taken: ModelCard[]): void {
    const why = this.unfit(card);
    if (why !== undefined) {
      this.reject(card, why);
      return;
    }
    const view = this.resilience.circuitOf(card);
    if (letsThrough(view)) {
      taken.push(card);
    } else {
      this.blocked.push({ card, view });
      this.reject(card, wordsOf(view));
    }
  }

  private unfit(card: ModelCard): string | undefined {
    if (!this.limits.allows(card)) return 'is not allowed by the token';
    return unmetBy(card, this.wish.requires) ?? this.limits.tooDear(card);
  }

  private reject({ id: model }: ModelCard, why: string): void {
    this.rejected.push({ model, why });
  }

  /** A call does not stand in line at one provider while another has a slot: a silent one would hold both rows. */
  private leastCrowdedFirst(cards: readonly ModelCard[], providers: readonly string[]): readonly ModelCard[] {
    const rooms = new Map(providers.map((id) => [id, this.resilience.roomOf(id)]));
    const [first] = cards;
    if (!first || [...rooms.values()].every((room) => room === 'free')) return cards;
    const ordered = ROOMS.flatMap((room) => cards.filter(({ provider }) => rooms.get(provider) === room));
    for (const card of cards.slice(0, cards.indexOf(ordered[0] ?? first)))
      this.reject(card, 'its provider is full now');
    return ordered;
  }
}

function wordsOf({ cause, retryInMs = 0 }: CircuitView): string {
  if (cause === 'PROVIDER_AUTH') return 'its provider refuses the key or the account';
  if (cause === 'PROVIDER_QUOTA') return 'its balance or plan is used up';
  return `failed repeatedly, is asked again in ${Math.ceil(retryInMs / 1_000)} s`;
}
