import { z } from 'zod';
import { InputError } from './input-error.js';

/** A chat request as the behaviours see it, whatever API it came in by. */
export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  /** Chat completions only: a last chunk with the usage was asked for. */
  readonly includeUsage: boolean;
  readonly thinking: boolean;
  readonly maxTokens: number | undefined;
  /** Text of the last user message. */
  readonly prompt: string;
  /** User and assistant messages before it. */
  readonly earlierTurns: number;
  readonly promptTokens: number;
  readonly tools: readonly string[];
  /** The last message carries the result of a tool the model asked for. */
  readonly endsWithToolResult: boolean;
  readonly search?: SearchRequest;
  /** Of the last user message, in order: the media types of its images. */
  readonly images: readonly string[];
}

/** A web search of the vendor's own that the request switches on. */
export interface SearchRequest {
  /** Done by the vendor, or handed to the client who must hand it back unchanged (Kimi). */
  readonly by: 'vendor' | 'client';
  /** Results wanted. */
  readonly count: number;
  /** Rounds the client has handed back since its last question. */
  readonly rounds: number;
}

const partSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  /** Chat completions. */
  image_url: z.looseObject({ url: z.string() }).optional(),
  /** Messages. */
  source: z.looseObject({ media_type: z.string().optional() }).optional(),
});

export const contentSchema = z.union([z.string(), z.array(partSchema)]).nullish();

export type Content = z.infer<typeof contentSchema>;

export interface Message {
  readonly role: string;
  readonly content?: Content;
}

export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const message = `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`;
  throw new InputError(message, 'invalid_request');
}

export function contentText(content: Content): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap((part) => (part.text === undefined ? [] : [part.text])).join('\n');
}

export function readConversation(
  messages: readonly Message[],
): Pick<ChatRequest, 'prompt' | 'earlierTurns' | 'promptTokens' | 'images'> {
  const texts = messages.map((message) => contentText(message.content));
  const last = messages.findLastIndex((message, index) => message.role === 'user' && texts[index] !== '');
  const earlier = messages.slice(0, Math.max(last, 0));
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  return {
    prompt: texts[last] ?? '',
    earlierTurns: earlier.filter((message) => message.role === 'user' || message.role === 'assistant').length,
    // Four characters a token is close enough for usage figures nobody bills.
    promptTokens: Math.ceil(characters / 4),
    images: imageTypes(messages[last]?.content),
  };
}

function imageTypes(content: Content): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap(({ type, image_url: inline, source }) => {
    if (type === 'image_url') return /^data:([^;,]+)/.exec(inline?.url ?? '')?.[1] ?? 'unknown';
    return type === 'image' ? (source?.media_type ?? 'unknown') : [];
  });
}
