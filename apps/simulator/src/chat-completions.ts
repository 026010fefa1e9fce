import { splitPieces, type Answer, type ToolCall } from './answer.js';
import { readChatRequest } from './chat-request.js';
import { frame, type Dialect, type Frames, type VendorError } from './dialect.js';
import { chatLimitHeaders } from './limit-headers.js';
import type { ChatRequest } from './request.js';

// Kimi and GLM put the usage into the last chunk without being asked.
const ALWAYS_REPORTS_USAGE = /^(kimi|moonshot|glm)/i;
/** Kimi counts cached tokens beside the others, not in the details. */
const COUNTS_CACHE_OUTSIDE = /^(kimi|moonshot)/i;
const NO_HEADERS = {};

/** The OpenAI dialect, as Kimi and GLM speak it too. */
export const chatCompletions: Dialect = {
  readRequest: readChatRequest,

  answerBody(id, request, answer) {
    return {
      ...header(id, request, 'chat.completion'),
      choices: answer.isEmpty ? [] : [{ index: 0, message: messageOf(answer), finish_reason: answer.finish }],
      usage: usageOf(answer, request.model),
      ...searchOf(answer),
    };
  },

  answerFrames(id, request, answer) {
    const shared = header(id, request, 'chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
      frame({ ...shared, choices: [{ index: 0, delta, finish_reason: finish }], ...more });
    if (answer.isEmpty) return emptyFrames(shared);
    const usage = { usage: usageOf(answer, request.model) };
    const usageInLastChunk = ALWAYS_REPORTS_USAGE.test(request.model);
    return {
      opening: [chunk({ role: 'assistant', content: '' }, null, searchOf(answer))],
      content: deltasOf(answer).map((delta) => chunk(delta)),
      closing: [
        chunk({}, answer.finish, usageInLastChunk ? usage : {}),
        ...(request.includeUsage && !usageInLastChunk ? [frame({ ...shared, choices: [], ...usage })] : []),
        frame('[DONE]'),
      ],
    };
  },

  errorBody,

  errorFrame: (error) => frame(errorBody(error)),

  headers: () => NO_HEADERS,

  limitHeaders: chatLimitHeaders,
};

function errorBody({ message, type, code }: VendorError): object {
  return { error: { message, type, param: null, code } };
}

function header(id: string, request: ChatRequest, object: string): object {
  return { id: `chatcmpl-${id}`, object, created: Math.floor(Date.now() / 1000), model: request.model };
}

function emptyFrames(shared: object): Frames {
  return { opening: [frame({ ...shared, choices: [] })], content: [], closing: [frame('[DONE]')] };
}

function messageOf(answer: Answer): object {
  const { toolCalls, reasoning } = answer;
  return {
    role: 'assistant',
    content: toolCalls ? null : answer.text,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(toolCalls ? { tool_calls: toolCalls.map((call, index) => callOf(call, index, call.arguments)) } : {}),
  };
}

function deltasOf(answer: Answer): object[] {
  const reasoning = splitPieces(answer.reasoning ?? '').map((piece) => ({ reasoning_content: piece }));
  if (!answer.toolCalls) return [...reasoning, ...splitPieces(answer.text).map((content) => ({ content }))];
  return [...reasoning, ...answer.toolCalls.flatMap(callDeltas)];
}

/** Id and name come first, the arguments piece by piece. */
function callDeltas(call: ToolCall, index: number): object[] {
  return [
    { tool_calls: [callOf(call, index, '')] },
    ...splitPieces(call.arguments, 1).map((piece) => ({
      tool_calls: [{ index, function: { arguments: piece } }],
    })),
  ];
}

function callOf({ id, type = 'function', name }: ToolCall, index: number, args: string): object {
  return { index, id, type, function: { name, arguments: args } };
}

function usageOf(answer: Answer, model: string): object {
  const cached = { cached_tokens: answer.cachedTokens };
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
    ...(COUNTS_CACHE_OUTSIDE.test(model) ? cached : { prompt_tokens_details: cached }),
    completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
  };
}

/** GLM puts what its search found beside the choices. */
function searchOf({ sources }: Answer): object {
  return sources ? { web_search: sources } : {};
}
