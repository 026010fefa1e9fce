/** Rough sizes before a call; the provider's own count afterwards is the truth. */

const CHARS_PER_TOKEN = 4;
const CODE_CHARS_PER_TOKEN = 3.5;
const TOKENS_PER_CJK_CHAR = 0.6;
const CJK_SHARE = 0.2;
const CJK = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]/g;

const CODE_EXTENSION =
  /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kts?|scala|cs|c|cc|cpp|h|hpp|m|mm|swift|php|lua|pl|r|sh|bash|zsh|ps1|sql|vue|svelte|astro|dart|ex|exs|erl|hs|clj|groovy|gradle|tf|proto|graphql|css|scss|less|html?|xml|json|ya?ml|toml)$/i;

/** @param path of the file the text is from; code has fewer characters per token than prose. */
export function estimateTokens(text: string, path?: string): number {
  if (path !== undefined && isCode(path)) return Math.ceil(text.length / CODE_CHARS_PER_TOKEN);
  const cjk = text.match(CJK)?.length ?? 0;
  if (cjk <= text.length * CJK_SHARE) return Math.ceil(text.length / CHARS_PER_TOKEN);
  return Math.ceil(cjk * TOKENS_PER_CJK_CHAR + (text.length - cjk) / CHARS_PER_TOKEN);
}

export function isCode(path: string): boolean {
  return CODE_EXTENSION.test(path);
}

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
