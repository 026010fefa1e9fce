import { type ModelResponse } from './consensus.js';

export interface Totals {
  /** Tokens of the answers together; absent when no model answered. */
  readonly usage?: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly total_tokens: number;
  };
  /** US dollars; absent unless the price of every answer is known. */
  readonly cost_usd?: number;
}

const COST_DECIMALS = 8;

/** For the caller. The rows of the members account for the money, each for its own. */
export function sumOf(responses: readonly ModelResponse[]): Totals {
  const answers = responses.filter(({ status }) => status === 'success').map(({ metadata }) => metadata);
  if (answers.length === 0) return {};
  const total = (field: 'input_tokens' | 'output_tokens' | 'total_tokens') =>
    answers.reduce((sum, { usage }) => sum + (usage?.[field] ?? 0), 0);
  const costs = answers.flatMap(({ cost_usd: usd }) => (usd === undefined ? [] : [usd]));
  const costUsd = costs.reduce((sum, usd) => sum + usd, 0);
  return {
    usage: {
      input_tokens: total('input_tokens'),
      output_tokens: total('output_tokens'),
      total_tokens: total('total_tokens'),
    },
    ...(costs.length === answers.length && { cost_usd: Number(costUsd.toFixed(COST_DECIMALS)) }),
  };
}
