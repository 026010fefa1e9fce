import { closestNames } from '#libs/config';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderRegistry } from '../provider-registry.js';
import { letsThrough } from '../resilience/circuit.js';
import type { Resilience } from '../resilience/resilience.js';
import { type CallerLimits } from './caller-limits.js';
import { type Requirements, unmetBy } from './requirements.js';
import type { RouteOrder } from './route-order.js';

const MOST = 5;

/** Names for a refusal: only what this caller may use now. Made when a call is refused, so it may take its time. */
export class Suggestions {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly order: RouteOrder,
    private readonly limits: CallerLimits,
    /** Only models of this one. */
    private readonly provider?: string,
  ) {}

  /** Names like the one given; the best models where none is like it. */
  closest(name: string): readonly string[] {
    const usable = this.registry.models().filter((card) => this.isUsable(card));
    const names = closestNames(
      name,
      usable.map(({ id }) => id),
      MOST,
    );
    return names.length > 0 ? names : this.able({});
  }

  /** Models that could take such a call now, best first. */
  able(requires: Requirements): readonly string[] {
    const { described, discovered } = this.order.EXTENDED_REASONING;
    return [...described, ...discovered]
      .filter((card) => unmetBy(card, requires) === undefined && this.isUsable(card))
      .slice(0, MOST)
      .map(({ id }) => id);
  }

  isUsable(card: ModelCard): boolean {
    return (
      (this.provider === undefined || card.provider === this.provider) &&
      card.status !== 'retired' &&
      this.registry.isAllowed(card) &&
      this.registry.status(card.provider).state === 'ready' &&
      this.limits.allows(card) &&
      this.limits.tooDear(card) === undefined &&
      letsThrough(this.resilience.circuitOf(card))
    );
  }
}
