import type { Completion } from '../model-client.js';

const FINISH_REASONS: ReadonlyMap<string, Completion['finishReason']> = new Map(
  Object.entries({
    stop: 'stop',
    length: 'length',
    tool_calls: 'tool_calls',
    function_call: 'tool_calls',
    content_filter: 'content_filter',
    sensitive: 'content_filter',
    model_context_window_exceeded: 'length',
  } as const),
);

/** The vendors' words for the end of an answer, in ours. */
export function finishReasonOf(reason: string | undefined): Completion['finishReason'] {
  return FINISH_REASONS.get(reason ?? '') ?? 'other';
}
