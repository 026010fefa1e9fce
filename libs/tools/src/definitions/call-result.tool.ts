import { z } from 'zod';
import { type CallOutcome, defineInlineTool, type ForwardedAnswer, type ToolAnswer } from '../define.js';
import { shortText } from '../fields.js';

/** Below what clients and proxies wait for one answer. */
const MAX_WAIT_SECONDS = 50;

const isUuid = (value: string): boolean => z.uuid().safeParse(value).success;

export const callResult = defineInlineTool({
  name: 'call_result',
  title: 'Answer of an earlier call',
  description: 'The answer of a call of yours, by its call id, after a lost connection or in_progress.',
  tier: 'hidden',
  alwaysListed: true,
  answerIsCopy: true,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: {
    call_id: shortText('Its io.exai/callId.').refine(isUuid, 'the id of a call, a UUID'),
    wait_seconds: z.int().min(0).max(MAX_WAIT_SECONDS).default(0).describe('Wait for its end.'),
  },
  async answer({ call_id, wait_seconds }, view, { principal }) {
    return answerOf(await view.records.outcome(principal, call_id.toLowerCase(), wait_seconds * 1_000));
  },
});

function answerOf(call: CallOutcome): ToolAnswer | ForwardedAnswer {
  const handle = { call_id: call.call_id, call_state: call.state };
  if (call.input_requests) {
    return {
      status: 'input_required',
      content: `The call of ${call.tool} waits for an answer to the questions in input_requests: show them to the user. A client that can be asked answers them itself.`,
      contentType: 'text',
      fields: { ...handle, tool: call.tool, input_requests: call.input_requests },
    };
  }
  if (!call.payload) {
    const seconds = call.seconds_since_accepted;
    return {
      status: 'in_progress',
      content: `The call of ${call.tool} is ${call.state}, ${seconds} s after it was accepted. Call call_result again in a few seconds.`,
      contentType: 'text',
      fields: { ...handle, tool: call.tool, seconds_since_accepted: seconds },
    };
  }
  return { payload: { ...call.payload, ...handle } };
}
