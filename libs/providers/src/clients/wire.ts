import { z } from 'zod';
import type { Completion, CompletionUsage } from '../model-client.js';

const count = z.number().nonnegative().nullish();

const usageSchema = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cached_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: count }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: count }).nullish(),
});

const toolCallSchema = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  type: z.string().nullish(),
  function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const messageSchema = z.looseObject({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(toolCallSchema).nullish(),
});

/** An answer or one piece of it: vendors differ in everything but this much. */
export const chunkSchema = z.looseObject({
  id: z.string().nullish(),
  request_id: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        message: messageSchema.nullish(),
        delta: messageSchema.nullish(),
        finish_reason: z.string().nullish(),
        usage: usageSchema.nullish(),
      }),
    )
    .nullish(),
  usage: usageSchema.nullish(),
});

export type WireChunk = z.output<typeof chunkSchema>;
export type WireMessage = z.output<typeof messageSchema>;
type WireUsage = z.output<typeof usageSchema>;

const FINISH_REASONS: Readonly<Record<string, Completion['finishReason']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  sensitive: 'content_filter',
  model_context_window_exceeded: 'length',
};

export function finishReasonOf(reason: string): Completion['finishReason'] {
  return Object.hasOwn(FINISH_REASONS, reason) ? (FINISH_REASONS[reason] ?? 'other') : 'other';
}

export function usageOf(usage: WireUsage | null | undefined): CompletionUsage {
  const input = usage?.prompt_tokens ?? 0;
  const output = usage?.completion_tokens ?? 0;
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? usage?.cached_tokens;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    input,
    output,
    total: usage?.total_tokens ?? input + output,
    ...(typeof cached === 'number' && { cached }),
    ...(typeof reasoning === 'number' && { reasoning }),
  };
}

/** What an answer that took several requests cost altogether. */
export function addUsage(a: CompletionUsage, b: CompletionUsage): CompletionUsage {
  const cached = (a.cached ?? 0) + (b.cached ?? 0);
  const reasoning = (a.reasoning ?? 0) + (b.reasoning ?? 0);
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    total: a.total + b.total,
    ...((a.cached ?? b.cached) !== undefined && { cached }),
    ...((a.reasoning ?? b.reasoning) !== undefined && { reasoning }),
  };
}
