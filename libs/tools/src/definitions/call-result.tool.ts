import { z } from 'zod';
import { type CallOutcome, defineInlineTool, type ForwardedAnswer, type ToolAnswer } from '../define.js';
import { shortText } from '../fields.js';

const isUuid = (value: string): boolean => z.uuid().safeParse(value).success;

export const callResult = defineInlineTool({
  name: 'call_result',
  title: 'Answer of an earlier call',
  description:
    'The answer of a call of yours, by its call id, after a lost connection or an in_progress answer.',
  tier: 'hidden',
  alwaysListed: true,
  answerIsCopy: true,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: {
    call_id: shortText('The io.exai/callId of that call.').refine(isUuid, 'the id of a call, a UUID'),
  },
  async answer({ call_id }, view, { principal }) {
    return answerOf(await view.records.outcome(principal, call_id.toLowerCase()));
  },
});

function answerOf(call: CallOutcome): ToolAnswer | ForwardedAnswer {
  const handle = { call_id: call.call_id, call_state: call.state };
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
