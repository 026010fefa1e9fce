import { blendedPrice, rankOf, ROUTING_CATEGORIES, tierOf } from '../catalogue/model-card.js';
import type { ModelCard, RoutingCategory } from '../catalogue/model-card.js';
import type { ProviderRegistry } from '../provider-registry.js';

/** Smaller sorts first. */
type Measure = (card: ModelCard) => number;

const SPEEDS = ['fast', 'normal', 'slow'];
const TIERS = ['free', 'economy', 'standard', 'premium'];

const speed: Measure = (card) => SPEEDS.indexOf(card.speed);
// A model without a known price sorts behind every priced one.
const price: Measure = (card) => blendedPrice(card) ?? Number.MAX_VALUE;
const rank: Measure = (card) => -rankOf(card);
const context: Measure = (card) => -card.contextWindow;
const value: Measure = (card) => 2 * TIERS.indexOf(tierOf(card)) - rankOf(card);

const MEASURES: Readonly<Record<RoutingCategory, readonly Measure[]>> = {
  FAST_RESPONSE: [speed, price, rank],
  BALANCED: [value],
  CREATIVE_WRITING: [value],
  DATA_ANALYSIS: [value],
  EXTENDED_REASONING: [rank, price],
  REASONING: [rank, price],
  CODE_GENERATION: [rank, price],
  MULTIMODAL: [rank, price],
  LONG_CONTEXT: [context, rank],
};

/** Candidates of one category, best first. */
export interface CategoryOrder {
  readonly described: readonly ModelCard[];
  /** Models of which only the name is known; for when nothing else is left. */
  readonly discovered: readonly ModelCard[];
  /** Ids of those that have one of these models. */
  readonly providers: readonly string[];
}

export type RouteOrder = Readonly<Record<RoutingCategory, CategoryOrder>>;

/** The models automatic routing may use, for every category: the operator's own list, else all by the measures. */
export function routeOrderOf(registry: ProviderRegistry): RouteOrder {
  const routable = registry
    .models()
    .filter((card) => card.status === 'active' && registry.isRoutable(card.provider));
  const entries = ROUTING_CATEGORIES.map((category) => {
    const route = registry.routeOf(category);
    const order = route.length > 0 ? listed(route, registry) : measured(routable, category, registry);
    return [category, order];
  });
  return Object.fromEntries(entries) as RouteOrder;
}

function listed(route: readonly string[], registry: ProviderRegistry): CategoryOrder {
  const cards = route
    .map((name) => registry.find(name))
    .filter((card) => card !== undefined)
    .filter((card) => card.status !== 'retired' && registry.isAllowed(card))
    .filter((card) => registry.isRoutable(card.provider));
  return orderOf([...new Set(cards)], []);
}

function measured(
  cards: readonly ModelCard[],
  category: RoutingCategory,
  registry: ProviderRegistry,
): CategoryOrder {
  const sorted = withPreferences(sortBy(cards, MEASURES[category], registry), registry);
  return orderOf(
    sorted.filter(({ discovered }) => !discovered),
    sorted.filter(({ discovered }) => discovered),
  );
}

function orderOf(described: readonly ModelCard[], discovered: readonly ModelCard[]): CategoryOrder {
  const providers = [...new Set([...described, ...discovered].map(({ provider }) => provider))];
  return { described, discovered, providers };
}

function sortBy(
  cards: readonly ModelCard[],
  measures: readonly Measure[],
  registry: ProviderRegistry,
): ModelCard[] {
  const all: readonly Measure[] = [...measures, (card) => registry.priority(card.provider)];
  return [...cards].sort((a, b) => {
    for (const measure of all) {
      const difference = measure(a) - measure(b);
      if (difference !== 0) return difference;
    }
    return a.id < b.id ? -1 : 1;
  });
}

/** A provider with an order of its own keeps its places in the list and fills them in that order. */
function withPreferences(cards: readonly ModelCard[], registry: ProviderRegistry): readonly ModelCard[] {
  const queues = new Map<string, ModelCard[]>();
  for (const card of cards) {
    const preference = registry.preference(card.provider);
    if (!preference || queues.has(card.provider)) continue;
    const own = cards.filter(({ provider }) => provider === card.provider);
    queues.set(
      card.provider,
      own.sort((a, b) => preference.indexOf(a.id) - preference.indexOf(b.id)),
    );
  }
  return cards.map((card) => queues.get(card.provider)?.shift() ?? card);
}
