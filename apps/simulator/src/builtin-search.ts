import type { ToolCall } from './answer.js';
import type { ChatRequest } from './request.js';
import { BUILTIN_SEARCH, digestOf, SEARCH_TOKENS } from './search-results.js';

/** Kimi's search: a call that the client must answer with these very arguments. */
export function builtinSearchCall({ prompt, search }: ChatRequest): ToolCall {
  const round = search?.rounds ?? 0;
  return {
    id: `${BUILTIN_SEARCH}:${round}`,
    type: 'builtin_function',
    name: BUILTIN_SEARCH,
    arguments: JSON.stringify({
      search_result: { search_id: `${digestOf(prompt)}-${round}` },
      usage: { total_tokens: SEARCH_TOKENS },
    }),
  };
}
