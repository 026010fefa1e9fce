import type { Answer } from './answer.js';
import { frame, type Dialect, type VendorError } from './dialect.js';
import { messagesLimitHeaders } from './limit-headers.js';
import { blockFrames, blocksOf, event } from './message-blocks.js';
import { readMessagesRequest } from './messages-request.js';
import type { ChatRequest } from './request.js';

const STOP_REASONS: Readonly<Record<Answer['finish'], string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
};

/** The Anthropic dialect. */
export const messages: Dialect = {
  readRequest: readMessagesRequest,

  answerBody(id, request, answer) {
    return {
      ...header(id, request),
      content: blocksOf(answer).map((block) => block.whole),
      stop_reason: STOP_REASONS[answer.finish],
      stop_sequence: null,
      usage: { ...inputUsage(answer), output_tokens: answer.completionTokens, ...searchUsage(answer) },
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
          usage: { output_tokens: answer.completionTokens, ...searchUsage(answer) },
        }),
        event({ type: 'message_stop' }),
      ],
    };
  },

  errorBody,

  errorFrame: (error, requestId) => frame(errorBody(error, requestId), 'error'),

  headers: (requestId) => ({ 'request-id': requestId }),

  limitHeaders: messagesLimitHeaders,
};

function errorBody({ message, messagesType }: VendorError, requestId: string): object {
  return { type: 'error', error: { type: messagesType, message }, request_id: requestId };
}

function header(id: string, request: ChatRequest): object {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model: request.model };
}

/** Cached tokens count apart from the other ones of the prompt. */
function inputUsage({ promptTokens, cachedTokens, cacheWrittenTokens }: Answer): object {
  return {
    input_tokens: promptTokens - cachedTokens - cacheWrittenTokens,
    cache_creation_input_tokens: cacheWrittenTokens,
    cache_read_input_tokens: cachedTokens,
  };
}

function searchUsage({ sources }: Answer): object {
  return sources ? { server_tool_use: { web_search_requests: 1 } } : {};
}
