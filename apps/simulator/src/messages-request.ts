import { z } from 'zod';
import {
  contentSchema,
  contentText,
  parseBody,
  readConversation,
  type ChatRequest,
  type Content,
} from './request.js';
import { DEFAULT_COUNT } from './search-results.js';

const requestSchema = z.object({
  model: z.string().min(1),
  max_tokens: z.number().int().positive(),
  system: contentSchema,
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: contentSchema })).min(1),
  stream: z.boolean().nullish(),
  thinking: z.object({ type: z.string() }).nullish(),
  tools: z.array(z.looseObject({ name: z.string(), type: z.string().nullish() })).nullish(),
});

/** Tools of the vendor itself carry a dated type. */
const SERVER_SEARCH = /^web_search_\d+$/;

/** Reads a request of the messages API. */
export function readMessagesRequest(body: unknown): ChatRequest {
  const request = parseBody(requestSchema, body);
  const conversation = readConversation(request.messages);
  const thinkingType = request.thinking?.type;
  const tools = request.tools ?? [];
  const own = tools.filter((tool) => !SERVER_SEARCH.test(tool.type ?? ''));
  return {
    ...conversation,
    promptTokens: conversation.promptTokens + Math.ceil(contentText(request.system).length / 4),
    model: request.model,
    stream: request.stream ?? false,
    includeUsage: true,
    thinking: thinkingType !== undefined && thinkingType !== 'disabled',
    maxTokens: request.max_tokens,
    tools: own.map((tool) => tool.name),
    endsWithToolResult: hasToolResult(request.messages.at(-1)?.content),
    ...(own.length < tools.length && { search: { by: 'vendor', count: DEFAULT_COUNT, rounds: 0 } }),
  };
}

function hasToolResult(content: Content): boolean {
  return Array.isArray(content) && content.some((part) => part.type === 'tool_result');
}
