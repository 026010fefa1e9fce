import { z } from 'zod';

/** A count that makes no sense, be it too large for a number, is as good as none: the text beside it is still right. */
const count = z
  .number()
  .nonnegative()
  .max(Number.MAX_SAFE_INTEGER)
  .transform((value) => Math.round(value))
  .nullish()
  .catch(undefined);

const usageSchema = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  /** Kimi. */
  cached_tokens: count,
  /** DeepSeek. */
  prompt_cache_hit_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: count }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: count }).nullish(),
});

const toolCallSchema = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  type: z.string().nullish(),
  function: z
    .looseObject({
      name: z.string().nullish(),
      /** Some servers send the object itself. */
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
});

/** Mistral's thinking models answer in parts. */
const contentPartSchema = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  thinking: z.array(z.looseObject({ text: z.string().nullish() })).nullish(),
});

const messageSchema = z.looseObject({
  content: z.union([z.string(), z.array(contentPartSchema)]).nullish(),
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
export type WireUsage = z.output<typeof usageSchema>;
export type WireToolCallPiece = z.output<typeof toolCallSchema>;
