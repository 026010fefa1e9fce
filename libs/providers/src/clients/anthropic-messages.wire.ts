import { z } from 'zod';
import type { Completion, CompletionUsage } from '../model-client.js';

/** A count that makes no sense, be it too large for a number, is as good as none: the text beside it is still right. */
const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER).nullish().catch(undefined);
const text = z.string().nullish();

/** A stream counts twice, at its start and at its end; the later number is the true one. */
const usageSchema = z.looseObject({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish(),
});

const blockSchema = z.looseObject({
  type: z.string(),
  id: text,
  name: text,
  text,
  thinking: text,
  /** The arguments of a tool. */
  input: z.unknown().optional(),
  /** The pages a text rests on. */
  citations: z.unknown().optional(),
  /** The pages a search has found, or the reason why it failed. */
  content: z.unknown().optional(),
});

/** A whole answer, or the empty one that opens a stream. Vendors of this dialect differ in everything but this much. */
export const messageSchema = z.looseObject({
  id: text,
  content: z.array(blockSchema),
  stop_reason: text,
  usage: usageSchema.nullish(),
});

export const eventSchema = z.looseObject({
  type: z.string(),
  index: z.int().nullish(),
  message: messageSchema.nullish(),
  content_block: blockSchema.nullish(),
  delta: z
    .looseObject({
      text,
      thinking: text,
      partial_json: text,
      citation: z.unknown().optional(),
      stop_reason: text,
    })
    .nullish(),
  usage: usageSchema.nullish(),
});

const size = z.int().positive().nullish().catch(undefined);

/** One entry of the vendor's list of models. An id is shown and compared, so it is of visible characters alone. */
export const modelSchema = z.looseObject({
  id: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(200),
  max_input_tokens: size,
  max_tokens: size,
  capabilities: z
    .looseObject({ image_input: z.looseObject({ supported: z.boolean() }).nullish() })
    .nullish()
    .catch(undefined),
});

export const modelListSchema = z.looseObject({ data: z.array(z.unknown()) });

export type WireBlock = z.output<typeof blockSchema>;
export type WireEvent = z.output<typeof eventSchema>;
export type WireUsage = z.output<typeof usageSchema>;

const FINISH_REASONS: ReadonlyMap<string, Completion['finishReason']> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

export function finishReasonOf(stopReason: string): Completion['finishReason'] {
  return FINISH_REASONS.get(stopReason) ?? 'other';
}

/** What the vendor calls input leaves out what came from its cache or went into it. Undefined if it counted nothing. */
export function countedOf(usage: WireUsage | undefined): CompletionUsage | undefined {
  if (typeof usage?.input_tokens !== 'number' || typeof usage.output_tokens !== 'number') return undefined;
  const cached = usage.cache_read_input_tokens;
  const input = usage.input_tokens + (cached ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  const output = usage.output_tokens;
  const reasoning = usage.output_tokens_details?.thinking_tokens;
  return {
    input,
    output,
    total: input + output,
    ...(typeof cached === 'number' && { cached }),
    ...(typeof reasoning === 'number' && { reasoning: Math.min(reasoning, output) }),
  };
}
