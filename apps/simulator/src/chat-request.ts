import { z } from 'zod';
import { InputError } from './input-error.js';
import {
  contentSchema,
  contentText,
  parseBody,
  readConversation,
  type ChatRequest,
  type SearchRequest,
} from './request.js';
import { BUILTIN_SEARCH, DEFAULT_COUNT, SEARCH_TOKENS } from './search-results.js';

const toolSchema = z.looseObject({
  type: z.string().nullish(),
  function: z.object({ name: z.string() }).optional(),
  web_search: z
    .object({
      enable: z.boolean().nullish(),
      search_result: z.boolean().nullish(),
      count: z.number().int().min(1).nullish(),
    })
    .nullish(),
});

const messageSchema = z.object({
  role: z.string(),
  content: contentSchema,
  tool_call_id: z.string().nullish(),
  tool_calls: z
    .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
    .nullish(),
});

const requestSchema = z.object({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  thinking: z.object({ type: z.string() }).nullish(),
  reasoning_effort: z.string().nullish(),
  tools: z.array(toolSchema).nullish(),
});

/** Models of Kimi that think unless they are told not to. */
const THINKS = /^kimi-/i;

type Tool = z.infer<typeof toolSchema>;
type ChatMessage = z.infer<typeof messageSchema>;

/** Reads a request of the chat-completions API. */
export function readChatRequest(body: unknown): ChatRequest {
  const request = parseBody(requestSchema, body);
  const conversation = readConversation(request.messages);
  const thinkingType = request.thinking?.type;
  const tools = request.tools ?? [];
  const search = readSearch(tools, request.messages);
  if (search?.by === 'client' && THINKS.test(request.model) && thinkingType !== 'disabled') {
    throw new InputError(`${BUILTIN_SEARCH} cannot be used while the model thinks.`, 'invalid_request');
  }
  return {
    ...conversation,
    promptTokens: conversation.promptTokens + (search?.rounds ?? 0) * SEARCH_TOKENS,
    model: request.model,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    thinking: thinkingType === undefined ? Boolean(request.reasoning_effort) : thinkingType !== 'disabled',
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
    tools: tools.flatMap((tool) => (tool.function && !isBuiltin(tool) ? [tool.function.name] : [])),
    endsWithToolResult: request.messages.at(-1)?.role === 'tool',
    ...(search && { search }),
  };
}

/** GLM searches by itself when its tool is on; Kimi asks for its builtin function. */
function readSearch(tools: readonly Tool[], messages: readonly ChatMessage[]): SearchRequest | undefined {
  if (tools.some((tool) => isBuiltin(tool) && tool.function?.name === BUILTIN_SEARCH)) {
    return { by: 'client', count: 0, rounds: countRounds(messages) };
  }
  const own = tools.find((tool) => tool.type === 'web_search')?.web_search;
  if (!own?.enable || own.search_result === false) return undefined;
  return { by: 'vendor', count: own.count ?? DEFAULT_COUNT, rounds: 0 };
}

function isBuiltin(tool: Tool): boolean {
  return tool.type === 'builtin_function';
}

/** Searches handed back since the last question; each must be the model's own arguments, unchanged. */
function countRounds(messages: readonly ChatMessage[]): number {
  const since = messages.slice(messages.findLastIndex((message) => message.role === 'user') + 1);
  const asked = new Map(
    since.flatMap((message) =>
      (message.tool_calls ?? [])
        .filter((call) => call.function.name === BUILTIN_SEARCH)
        .map((call) => [call.id, call.function.arguments] as const),
    ),
  );
  const returned = since.filter((message) => asked.has(message.tool_call_id ?? ''));
  for (const message of returned) {
    if (contentText(message.content) !== asked.get(message.tool_call_id ?? '')) {
      throw new InputError(`The result of ${BUILTIN_SEARCH} is not its arguments.`, 'invalid_request');
    }
  }
  return returned.length;
}
