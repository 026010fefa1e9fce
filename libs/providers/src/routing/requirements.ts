import type { ModelCard, RoutingCategory } from '../catalogue/model-card.js';

export interface Requirements {
  readonly images?: boolean;
  readonly webSearch?: boolean;
  readonly reasoning?: boolean;
  readonly tools?: boolean;
  readonly files?: boolean;
  /** Estimated tokens of the prompt. */
  readonly contextTokens?: number;
}

const LONG_CONTEXT_TOKENS = 100_000;
/** Room for the answer and for what the estimate misses. */
const LONG_CONTEXT_MARGIN = 1.25;

/** Why the model cannot take the call, in words that follow its name; undefined when it can. */
export function unmetBy(card: ModelCard, requires: Requirements): string | undefined {
  if (requires.images && !card.images) return 'takes no images';
  if (requires.webSearch && !card.webSearch) return 'has no web search';
  if (requires.reasoning && card.reasoning.kind === 'none') return 'does not reason';
  const tokens = windowNeeded(requires.contextTokens ?? 0);
  return card.contextWindow < tokens ? `has a window below ${tokens} tokens` : undefined;
}

/** The category a call falls into once its content is known. */
export function refineCategory(category: RoutingCategory, requires: Requirements): RoutingCategory {
  if (requires.images) return 'MULTIMODAL';
  return (requires.contextTokens ?? 0) > LONG_CONTEXT_TOKENS ? 'LONG_CONTEXT' : category;
}

function windowNeeded(tokens: number): number {
  return tokens > LONG_CONTEXT_TOKENS ? Math.ceil(tokens * LONG_CONTEXT_MARGIN) : tokens;
}
