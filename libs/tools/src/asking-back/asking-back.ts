import { ExaiError } from '#libs/errors';
import { acceptedText } from '../elicitation.js';
import { InputNeeded } from '../input-needed.js';
import { type CallInput, type ToolCall } from '../tool.js';
import { textAt, withTextAt } from './argument-pointer.js';
import { CORRECTABLES } from './correctable.js';

/** The call as the person in front of the client has put it right; without answers as it is. */
export function withCorrections(call: ToolCall): ToolCall {
  const { inputResponses = {} } = call;
  let { args } = call;
  for (const { field } of CORRECTABLES) {
    const asked = keyOf(call, field);
    const text = asked && acceptedText(inputResponses[asked.key], field);
    if (text) args = withTextAt(args, asked.pointer, text);
  }
  return args === call.args ? call : { ...call, args };
}

/**
 * What to throw for this failure: a question when it can be put right by one that was not asked before, else the
 * failure itself. A call whose files came along asks for none: another path would name a file that did not.
 */
export function askBack(error: unknown, call: ToolCall, input: CallInput): unknown {
  if (!(error instanceof ExaiError) || call.clientFiles || !input.can('elicitation')) return error;
  const correctable = CORRECTABLES.find(({ code }) => code === error.code);
  if (!correctable || keyOf(call, correctable.field)) return error;
  const pointer = correctable.pointer(error);
  const wrong = pointer && textAt(call.args, pointer);
  const request = wrong && correctable.question(error, wrong);
  return request ? new InputNeeded({ [`${PREFIX}${correctable.field}:${pointer}`]: request }) : error;
}

const PREFIX = 'correct:';

/** The key says what was asked for and which argument the answer belongs to. */
function keyOf(
  { inputResponses = {} }: ToolCall,
  field: string,
): { key: string; pointer: string } | undefined {
  const start = `${PREFIX}${field}:`;
  const key = Object.keys(inputResponses).find((name) => name.startsWith(start));
  return key === undefined ? undefined : { key, pointer: key.slice(start.length) };
}
