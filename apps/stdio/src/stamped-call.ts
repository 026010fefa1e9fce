import { type ClientCall } from './client-line.js';
import { fieldsOf, META, type Fields } from './message.js';

/** Shorter waits do not matter to a client's limit. */
const WAIT_WORTH_TELLING_MS = 500;
/** What the stamp adds to a line at most, in bytes. */
export const STAMP_BYTES = 512;

/**
 * A `tools/call` as it is sent: under its key, with what the gateway must know of the client's patience. What the
 * client says itself stands.
 * @param answerWithinMs the client's own limit for a call, when it is known here
 */
export function stampedCall({ line, key, since }: ClientCall, answerWithinMs: number | undefined): string {
  const waitedMs = Date.now() - since;
  return withMeta(line, (meta) => ({
    [META.idempotencyKey]: key,
    ...(answerWithinMs !== undefined && { [META.answerWithinMs]: answerWithinMs }),
    ...(waitedMs >= WAIT_WORTH_TELLING_MS && { [META.waitedMs]: waitedMs }),
    ...meta,
  }));
}

/** Ends a call that may run at a gateway to which its socket is lost: it is joined, and cancelled at once. */
export function cancelledCall({ line, key }: ClientCall, cancel: string): readonly string[] {
  const call = withMeta(line, ({ progressToken: _token, ...meta }) => ({
    [META.idempotencyKey]: key,
    ...meta,
  }));
  return [call, cancel];
}

function withMeta(line: string, change: (meta: Fields) => Fields): string {
  const message = JSON.parse(line) as Fields;
  const params = fieldsOf(message['params']);
  return JSON.stringify({ ...message, params: { ...params, _meta: change(fieldsOf(params['_meta'])) } });
}
