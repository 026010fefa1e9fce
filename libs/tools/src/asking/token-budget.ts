export interface TokenBudget {
  /** All that is sent. */
  readonly content: number;
  readonly response: number;
  readonly files: number;
  readonly history: number;
  /** Files the caller named may not be larger together. */
  readonly fileThreshold: number;
  readonly thresholdPercent: number;
}

interface Shares {
  readonly from: number;
  readonly content: number;
  readonly files: number;
  readonly history: number;
  readonly threshold: number;
}

/** Larger windows leave more room to what is sent; smallest first. */
const SHARES: readonly Shares[] = [
  { from: 0, content: 0.6, files: 0.3, history: 0.5, threshold: 0.6 },
  { from: 300_000, content: 0.8, files: 0.4, history: 0.4, threshold: 0.6 },
  { from: 500_000, content: 0.8, files: 0.4, history: 0.4, threshold: 0.7 },
  { from: 1_000_000, content: 0.8, files: 0.4, history: 0.4, threshold: 0.8 },
];

export function tokenBudget(model: { contextWindow: number; maxOutputTokens: number }): TokenBudget {
  const { contextWindow } = model;
  const shares = SHARES.findLast((row) => contextWindow >= row.from) ?? SHARES[0]!;
  const content = Math.floor(contextWindow * shares.content);
  const files = Math.floor(content * shares.files);
  return {
    content,
    response: Math.min(contextWindow - content, model.maxOutputTokens),
    files,
    history: Math.floor(content * shares.history),
    fileThreshold: Math.floor(files * shares.threshold),
    thresholdPercent: Math.round(shares.threshold * 100),
  };
}

/** The smallest context window whose file threshold holds this many tokens. */
export function windowForFiles(fileTokens: number): number {
  for (const [index, row] of SHARES.entries()) {
    const window = Math.max(row.from, Math.ceil(fileTokens / (row.content * row.files * row.threshold)));
    const next = SHARES[index + 1];
    if (next === undefined || window < next.from) return window;
  }
  return Infinity;
}
