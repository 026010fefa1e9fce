import type { ModelCard, RoutingCategory } from '../catalogue/model-card.js';

export interface Requirements {
  readonly images?: boolean;
  readonly webSearch?: boolean;
  readonly reasoning?: boolean;
  readonly tools?: boolean;
  /** The vendor must be able to keep files. */
  readonly files?: boolean;
  /** Estimated tokens of the prompt. */
  readonly contextTokens?: number;
  /** Id of the provider that holds what is asked about. */
  readonly provider?: string;
}

type Ability = Exclude<keyof Requirements, 'contextTokens' | 'provider'>;

interface AbilityRow {
  readonly name: Ability;
  readonly words: string;
  /** Follows the name of a model. */
  readonly lacking: string;
  readonly has: (card: ModelCard) => boolean;
}

const ABILITIES: readonly AbilityRow[] = [
  { name: 'images', words: 'images', lacking: 'takes no images', has: ({ images }) => images },
  { name: 'webSearch', words: 'web search', lacking: 'has no web search', has: ({ webSearch }) => webSearch },
  {
    name: 'reasoning',
    words: 'reasoning',
    lacking: 'does not reason',
    has: ({ reasoning }) => reasoning.kind !== 'none',
  },
  { name: 'tools', words: 'function calling', lacking: 'calls no functions', has: ({ tools }) => tools },
  { name: 'files', words: 'stored files', lacking: 'keeps no files', has: ({ files }) => files },
];

const LONG_CONTEXT_TOKENS = 100_000;
/** Room for the answer and for what the estimate misses. */
const LONG_CONTEXT_MARGIN = 1.25;

/** Why the model cannot take the call, in words that follow its name; undefined when it can. */
export function unmetBy(card: ModelCard, requires: Requirements): string | undefined {
  for (const { name, has, lacking } of ABILITIES) {
    if (requires[name] && !has(card)) return lacking;
  }
  if (requires.provider !== undefined && card.provider !== requires.provider) {
    return `is no model of ${requires.provider}`;
  }
  const tokens = windowNeeded(requires.contextTokens ?? 0);
  return card.contextWindow < tokens ? `has a window below ${tokens} tokens` : undefined;
}

/** What a call needs, in words. */
export function inWords(requires: Requirements): readonly string[] {
  const words = ABILITIES.filter(({ name }) => requires[name]).map((ability) => ability.words);
  if (requires.provider !== undefined) words.push(`a model of ${requires.provider}`);
  const tokens = windowNeeded(requires.contextTokens ?? 0);
  return tokens > 0 ? [...words, `a window of ${tokens} tokens`] : words;
}

/** The category a call falls into once its content is known. */
export function refineCategory(category: RoutingCategory, requires: Requirements): RoutingCategory {
  if (requires.images) return 'MULTIMODAL';
  return (requires.contextTokens ?? 0) > LONG_CONTEXT_TOKENS ? 'LONG_CONTEXT' : category;
}

function windowNeeded(tokens: number): number {
  return tokens > LONG_CONTEXT_TOKENS ? Math.ceil(tokens * LONG_CONTEXT_MARGIN) : tokens;
}
