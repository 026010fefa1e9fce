import { z } from 'zod';
import { splitPieces, type Answer } from './answer.js';
import { frame, type Dialect, type VendorError } from './dialect.js';
import {
  contentSchema,
  contentText,
  parseBody,
  readConversation,
  type ChatRequest,
  type Content,
} from './request.js';

const requestSchema = z.object({
  model: z.string().min(1),
  max_tokens: z.number().int().positive(),
  system: contentSchema,
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: contentSchema })).min(1),
  stream: z.boolean().nullish(),
  thinking: z.object({ type: z.string() }).nullish(),
  tools: z.array(z.looseObject({ name: z.string() })).nullish(),
});

const STOP_REASONS: Readonly<Record<Answer['finish'], string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
};

/** The Anthropic dialect. */
export const messages: Dialect = {
  readRequest(body) {
    const request = parseBody(requestSchema, body);
    const conversation = readConversation(request.messages);
    const thinkingType = request.thinking?.type;
    return {
      ...conversation,
      promptTokens: conversation.promptTokens + Math.ceil(contentText(request.system).length / 4),
      model: request.model,
      stream: request.stream ?? false,
      includeUsage: true,
      thinking: thinkingType !== undefined && thinkingType !== 'disabled',
      maxTokens: request.max_tokens,
      tools: (request.tools ?? []).map((tool) => tool.name),
      endsWithToolResult: hasToolResult(request.messages.at(-1)?.content),
    };
  },

  answerBody(id, request, answer) {
    return {
      ...header(id, request),
      content: blocksOf(answer).map((block) => block.whole),
      stop_reason: STOP_REASONS[answer.finish],
      stop_sequence: null,
      usage: { ...inputUsage(answer), output_tokens: answer.completionTokens },
    };
  },

  answerFrames(id, request, answer) {
    const usage = { ...inputUsage(answer), output_tokens: 1 };
    const message = { ...header(id, request), content: [], stop_reason: null, stop_sequence: null, usage };
    return {
      opening: [event({ type: 'message_start', message }), event({ type: 'ping' })],
      content: blocksOf(answer).flatMap(blockFrames),
      closing: [
        event({
          type: 'message_delta',
          delta: { stop_reason: STOP_REASONS[answer.finish], stop_sequence: null },
          usage: { output_tokens: answer.completionTokens },
        }),
        event({ type: 'message_stop' }),
      ],
    };
  },

  errorBody,

  errorFrame: (error) => frame(errorBody(error), 'error'),
};

function errorBody({ message, messagesType }: VendorError): object {
  return { type: 'error', error: { type: messagesType, message } };
}

interface Block {
  /** As it stands in a complete answer. */
  readonly whole: object;
  /** As it opens in a stream. */
  readonly start: object;
  readonly deltas: readonly object[];
}

function blocksOf(answer: Answer): Block[] {
  if (answer.isEmpty) return [];
  const thinking = answer.reasoning === undefined ? [] : [thinkingBlock(answer.reasoning)];
  return [...thinking, answer.toolCall ? toolBlock(answer.toolCall) : textBlock(answer.text)];
}

function textBlock(text: string): Block {
  return {
    whole: { type: 'text', text },
    start: { type: 'text', text: '' },
    deltas: splitPieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
  };
}

function thinkingBlock(thinking: string): Block {
  const signature = 'simulation';
  const pieces = splitPieces(thinking).map((piece) => ({ type: 'thinking_delta', thinking: piece }));
  return {
    whole: { type: 'thinking', thinking, signature },
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...pieces, { type: 'signature_delta', signature }],
  };
}

function toolBlock({ id, name, arguments: json }: NonNullable<Answer['toolCall']>): Block {
  const input: unknown = JSON.parse(json);
  return {
    whole: { type: 'tool_use', id, name, input },
    start: { type: 'tool_use', id, name, input: {} },
    deltas: splitPieces(json).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  };
}

function blockFrames(block: Block, index: number): string[] {
  return [
    event({ type: 'content_block_start', index, content_block: block.start }),
    ...block.deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
    event({ type: 'content_block_stop', index }),
  ];
}

function header(id: string, request: ChatRequest): object {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model: request.model };
}

function inputUsage(answer: Answer): object {
  return {
    input_tokens: answer.promptTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
}

function event(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return frame(data, data.type);
}

function hasToolResult(content: Content): boolean {
  return Array.isArray(content) && content.some((part) => part.type === 'tool_result');
}
