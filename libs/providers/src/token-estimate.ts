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
