import type { ChatMessage, CompletionUsage } from '../model-client.js';
import { estimateTokens } from '../token-estimate.js';
import type { WireUsage } from './openai-wire.js';

/** Of Kimi's former cache; nobody promises them, so they count only where the usage is silent. */
const CACHE_HEADERS = ['msh-context-cache-token-saved', 'x-msh-context-cache-token-saved'];
/** What an image costs at most vendors, roughly. */
const TOKENS_PER_IMAGE = 1_000;

/** What is estimated from where the vendor counted nothing. */
export interface CountedTexts {
  readonly messages: readonly ChatMessage[];
  readonly answer: string;
}

export function usageOf(
  usage: WireUsage | null | undefined,
  headers: Pick<Headers, 'get'>,
  texts: CountedTexts,
): CompletionUsage {
  const stated = countedOf(usage);
  const { input, output } = stated ?? estimateOf(texts);
  const cached =
    usage?.prompt_tokens_details?.cached_tokens ??
    usage?.cached_tokens ??
    usage?.prompt_cache_hit_tokens ??
    cachedIn(headers);
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    input,
    output,
    total: input + output,
    ...(typeof cached === 'number' && { cached: Math.min(cached, input) }),
    ...(typeof reasoning === 'number' && { reasoning: Math.min(reasoning, output) }),
    ...(!stated && { estimated: true as const }),
  };
}

/** What an answer that took several requests cost altogether. */
export function addUsage(a: CompletionUsage | undefined, b: CompletionUsage): CompletionUsage {
  if (!a) return b;
  const cached = (a.cached ?? 0) + (b.cached ?? 0);
  const reasoning = (a.reasoning ?? 0) + (b.reasoning ?? 0);
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    total: a.total + b.total,
    ...((a.cached ?? b.cached) !== undefined && { cached }),
    ...((a.reasoning ?? b.reasoning) !== undefined && { reasoning }),
    ...((a.estimated ?? b.estimated) && { estimated: true as const }),
  };
}

/** Some vendors count the reasoning in the total alone, so the answer is what the total leaves. */
function countedOf(
  usage: WireUsage | null | undefined,
): { readonly input: number; readonly output: number } | undefined {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage ?? {};
  if (typeof input !== 'number') return undefined;
  if (typeof output !== 'number' && typeof total !== 'number') return undefined;
  return { input, output: Math.max(output ?? 0, (total ?? 0) - input) };
}

function estimateOf({ messages, answer }: CountedTexts): { readonly input: number; readonly output: number } {
  let input = 0;
  for (const { content } of messages) {
    for (const part of typeof content === 'string' ? [content] : content) {
      if (typeof part === 'string') input += estimateTokens(part);
      else input += part.type === 'text' ? estimateTokens(part.text) : TOKENS_PER_IMAGE;
    }
  }
  return { input, output: estimateTokens(answer) };
}

function cachedIn(headers: Pick<Headers, 'get'>): number | undefined {
  for (const name of CACHE_HEADERS) {
    const value = headers.get(name) ?? '';
    if (/^\d{1,15}$/.test(value)) return Number(value);
  }
  return undefined;
}
