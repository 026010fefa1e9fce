import { type EarlierCall } from '#libs/dispatch';
import { type ToolPayload } from '#libs/tools';
import { type CallToolResult } from '@modelcontextprotocol/server';
import { answerWithinMs, META, waitedMs } from '../call-meta.js';
import { type RequestingClient } from '../client-abilities.js';
import { limitOf } from './client-limits.js';
import { type CallIdentity } from './tool-result.js';

/** Left of a client's limit for the way of the answer: this long, of short limits a part. */
const MARGIN_MS = 10_000;
const MARGIN_PART = 1 / 6;
/** A call that is sent again gets this long, so that an answer that stands already is found. */
const LEAST_MS = 1_000;
/** As `call_result` has it. */
const LONGEST_WAIT_SECONDS = 50;

/** When a caller is given the id of its call because it would not wait for the answer. */
export interface AnswerLimit {
  /** From now, in milliseconds. */
  readonly afterMs: number;
  /** How long it can wait for `call_result`. */
  readonly waitSeconds: number;
}

/**
 * What the caller says of itself counts, then what is known of clients of its name. One with tasks needs nothing: a
 * call that lasts becomes a task. Nor does one with a progress token, unless progress is known not to help.
 * @param elapsedMs since the request came here
 * @returns undefined when it waits as long as it takes
 * @throws ExaiError INVALID_PARAMS as `answerWithinMs`
 */
export function answerLimit(
  meta: Record<string, unknown> | undefined,
  { info, knowsTasks }: Pick<RequestingClient, 'info' | 'knowsTasks'>,
  elapsedMs = 0,
): AnswerLimit | undefined {
  const limitMs = answerWithinMs(meta) ?? knownLimitMs(info.name, meta?.['progressToken'] !== undefined);
  if (limitMs === undefined || knowsTasks) return undefined;
  const waitMs = limitMs - Math.min(MARGIN_MS, limitMs * MARGIN_PART);
  return {
    afterMs: Math.max(LEAST_MS, waitMs - waitedMs(meta) - elapsedMs),
    waitSeconds: Math.min(LONGEST_WAIT_SECONDS, Math.floor(waitMs / 1_000)),
  };
}

function knownLimitMs(client: string, hearsProgress: boolean): number | undefined {
  const { callMs, isFixed } = limitOf(client);
  return hearsProgress && !isFixed ? undefined : callMs;
}

/**
 * The call runs on; its caller gets this in place of the answer.
 * @param standing the call that runs, which may be an earlier one under the same key
 */
export function inProgressResult(
  { tool, createdAt }: CallIdentity,
  standing: EarlierCall,
  { waitSeconds }: AnswerLimit,
): CallToolResult {
  const { id, correlationId } = standing;
  const payload: ToolPayload = {
    status: 'in_progress',
    content:
      `The call of ${tool} still runs and goes on by itself. Get its answer with call_result, ` +
      `arguments {"call_id": "${id}", "wait_seconds": ${waitSeconds}}, as often as it takes; do not call ${tool} again for it.`,
    content_type: 'text',
    call_id: id,
    metadata: { tool_name: tool, correlation_id: correlationId, duration_ms: Date.now() - createdAt },
  };
  return {
    content: [{ type: 'text', text: JSON.stringify(payload) }],
    structuredContent: payload,
    _meta: { [META.callId]: id, [META.correlationId]: correlationId },
  };
}
