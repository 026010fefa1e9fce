import type { ModelCard } from './catalogue/model-card.js';
import type { CompletionUsage } from './model-client.js';

/** What a longer answer than this costs is settled afterwards; most answers stay below. */
const EXPECTED_OUTPUT_TOKENS = 8_192;

/** USD of an answer; undefined when the model's price is not known. Cached input without a price of its own costs the full one. */
export function costOf({ price }: ModelCard, usage: CompletionUsage): number | undefined {
  if (!price) return undefined;
  const cached = Math.min(usage.cached ?? 0, usage.input);
  const input = (usage.input - cached) * price.input + cached * (price.cachedInput ?? price.input);
  return (input + usage.output * price.output) / price.per;
}

/** USD a call may cost, for limits that are checked before it; undefined when the price is not known. */
export function estimateCost(
  { price }: ModelCard,
  inputTokens: number,
  maxOutputTokens = EXPECTED_OUTPUT_TOKENS,
): number | undefined {
  if (!price) return undefined;
  const output = Math.min(maxOutputTokens, EXPECTED_OUTPUT_TOKENS);
  return (inputTokens * price.input + output * price.output) / price.per;
}
