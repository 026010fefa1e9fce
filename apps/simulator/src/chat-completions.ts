import { z } from 'zod';
import { splitPieces, type Answer } from './answer.js';
import { frame, type Dialect, type Frames, type VendorError } from './dialect.js';
import { contentSchema, parseBody, readConversation, type ChatRequest } from './request.js';

const requestSchema = z.object({
  model: z.string().min(1),
  messages: z.array(z.object({ role: z.string(), content: contentSchema })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  thinking: z.object({ type: z.string() }).nullish(),
  reasoning_effort: z.string().nullish(),
  tools: z.array(z.looseObject({ function: z.object({ name: z.string() }).optional() })).nullish(),
});

// Kimi and GLM put the usage into the last chunk without being asked.
const ALWAYS_REPORTS_USAGE = /^(kimi|moonshot|glm)/i;

/** The OpenAI dialect, as Kimi and GLM speak it too. */
export const chatCompletions: Dialect = {
  readRequest(body) {
    const request = parseBody(requestSchema, body);
    const thinkingType = request.thinking?.type;
    return {
      ...readConversation(request.messages),
      model: request.model,
      stream: request.stream ?? false,
      includeUsage: request.stream_options?.include_usage ?? false,
      thinking: thinkingType === undefined ? Boolean(request.reasoning_effort) : thinkingType !== 'disabled',
      maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
      tools: (request.tools ?? []).flatMap((tool) => (tool.function ? [tool.function.name] : [])),
      endsWithToolResult: request.messages.at(-1)?.role === 'tool',
    };
  },

  answerBody(id, request, answer) {
    return {
      ...header(id, request, 'chat.completion'),
      choices: answer.isEmpty ? [] : [{ index: 0, message: messageOf(answer), finish_reason: answer.finish }],
      usage: usageOf(answer),
    };
  },

  answerFrames(id, request, answer) {
    const shared = header(id, request, 'chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
      frame({ ...shared, choices: [{ index: 0, delta, finish_reason: finish }], ...more });
    if (answer.isEmpty) return emptyFrames(shared);
    const usage = { usage: usageOf(answer) };
    const usageInLastChunk = ALWAYS_REPORTS_USAGE.test(request.model);
    return {
      opening: [chunk({ role: 'assistant', content: '' })],
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
  const { toolCall } = answer;
  return {
    role: 'assistant',
    content: toolCall ? null : answer.text,
    ...(answer.reasoning === undefined ? {} : { reasoning_content: answer.reasoning }),
    ...(toolCall
      ? {
          tool_calls: [
            {
              id: toolCall.id,
              type: 'function',
              function: { name: toolCall.name, arguments: toolCall.arguments },
            },
          ],
        }
      : {}),
  };
}

function deltasOf(answer: Answer): object[] {
  const reasoning = splitPieces(answer.reasoning ?? '').map((piece) => ({ reasoning_content: piece }));
  if (!answer.toolCall) return [...reasoning, ...splitPieces(answer.text).map((content) => ({ content }))];
  const { id, name, arguments: args } = answer.toolCall;
  const first = { index: 0, id, type: 'function', function: { name, arguments: '' } };
  return [
    ...reasoning,
    { tool_calls: [first] },
    ...splitPieces(args).map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
  ];
}

function usageOf(answer: Answer): object {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
  };
}
