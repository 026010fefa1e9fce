import type { ProviderQuirks } from '../define.js';
import type { Answer } from './openai-answer.js';
import { finishReasonOf } from './openai-finish.js';
import type { ChatPayload } from './openai-chat.payload.js';

/** Times the vendor may ask for its own search again before the answer counts as failed. */
export const MAX_SEARCH_ROUNDS = 8;

/** The vendor's name for its search where it hands the search back as a call; undefined if it does not. */
export function searchNameOf({ webSearch }: ProviderQuirks): string | undefined {
  if (!webSearch?.echoToolCalls) return undefined;
  const definition = webSearch.tool['function'] as { name?: unknown } | undefined;
  return typeof definition?.name === 'string' ? definition.name : undefined;
}

/** The vendor asks for nothing but its own search to be run. */
export function isSearch(answer: Answer, searchName: string | undefined): boolean {
  if (searchName === undefined || finishReasonOf(answer.finish) !== 'tool_calls') return false;
  const calls = answer.calls.all();
  return calls.length > 0 && calls.every(({ name }) => name === searchName);
}

/** The vendor runs its search itself once it gets the arguments of its call back unchanged. */
export function withSearchEchoed(payload: ChatPayload, answer: Answer): ChatPayload {
  const calls = answer.calls.wire();
  const asked = {
    role: 'assistant',
    content: answer.content,
    ...(answer.reasoning !== '' && { reasoning_content: answer.reasoning }),
    tool_calls: calls,
  };
  const results = calls.map((call) => ({
    role: 'tool',
    tool_call_id: call.id,
    name: call.function.name,
    content: call.function.arguments,
  }));
  return { ...payload, messages: [...payload.messages, asked, ...results] };
}
