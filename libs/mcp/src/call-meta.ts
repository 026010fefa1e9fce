import { type ServerContext } from '@modelcontextprotocol/server';
import { ExaiError, toExaiError } from '#libs/errors';
import { CLIENT_FILES_META, clientFilesSchema, type ClientFiles } from '#libs/file-access';

/** Our own `_meta` keys, in requests and results. */
export const META = {
  callId: 'io.exai/callId',
  error: 'io.exai/error',
  correlationId: 'io.exai/correlationId',
  timeoutMs: 'io.exai/timeoutMs',
  answerWithinMs: 'io.exai/answerWithinMs',
  waitedMs: 'io.exai/waitedMs',
  delta: 'io.exai/delta',
  idempotencyKey: 'io.exai/idempotencyKey',
  replayed: 'io.exai/replayed',
} as const;

const MAX_ISSUES = 5;
export const IDEMPOTENCY_HEADER = 'Idempotency-Key';
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

type Meta = Record<string, unknown> | undefined;

/**
 * How long the call may take, as the caller has it, in milliseconds.
 * @throws ExaiError INVALID_PARAMS when it is there and not a positive number
 */
export function requestedTimeoutMs(meta: Meta): number | undefined {
  return milliseconds(meta, META.timeoutMs);
}

/**
 * How long the caller waits for something to be answered, the call's end or not, in milliseconds.
 * @throws ExaiError as `requestedTimeoutMs`
 */
export function answerWithinMs(meta: Meta): number | undefined {
  return milliseconds(meta, META.answerWithinMs);
}

/**
 * How long the caller has waited before the call came here, as when it is sent again, in milliseconds.
 * @throws ExaiError as `requestedTimeoutMs`
 */
export function waitedMs(meta: Meta): number {
  return milliseconds(meta, META.waitedMs) ?? 0;
}

function milliseconds(meta: Meta, key: string): number | undefined {
  const value = meta?.[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value > 0)) {
    const field = `_meta["${key}"]`;
    throw new ExaiError('INVALID_PARAMS', {
      field,
      reason: `${field} must be a positive number of milliseconds.`,
    });
  }
  return value;
}

/**
 * The caller's name for this call, under which it may be sent again: in `_meta`, or over HTTP in a header.
 * @param header `Idempotency-Key` of the request
 * @throws ExaiError INVALID_PARAMS when one is not 1 to 128 printable ASCII characters, or both are there and differ
 */
export function idempotencyKeyOf(meta: Meta, header?: string | null): string | undefined {
  const field = `_meta["${META.idempotencyKey}"]`;
  const inMeta = checkedKey(meta?.[META.idempotencyKey], field);
  const inHeader = checkedKey(header ?? undefined, IDEMPOTENCY_HEADER);
  if (inMeta !== undefined && inHeader !== undefined && inMeta !== inHeader) {
    throw new ExaiError('INVALID_PARAMS', {
      field,
      reason: `it differs from the header ${IDEMPOTENCY_HEADER}`,
    });
  }
  return inMeta ?? inHeader;
}

function checkedKey(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !IDEMPOTENCY_KEY.test(value)) {
    throw new ExaiError('INVALID_PARAMS', {
      field,
      reason: 'it must be a text of 1 to 128 printable ASCII characters',
    });
  }
  return value;
}

/**
 * The files that the caller has read itself and sends along.
 * @throws ExaiError INVALID_PARAMS that names the first places that are wrong, or over a limit
 */
export function clientFilesOf(meta: Record<string, unknown> | undefined): ClientFiles | undefined {
  const value = meta?.[CLIENT_FILES_META];
  if (value === undefined) return undefined;
  const parsed = clientFilesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = (toExaiError(parsed.error).details.issues ?? []).slice(0, MAX_ISSUES);
  const field = `_meta["${CLIENT_FILES_META}"]`;
  const reason = issues.map(({ pointer, expected }) => `${pointer || 'it'} should be ${expected}`).join('; ');
  throw new ExaiError('INVALID_PARAMS', { field, reason, issues });
}

/** Trace id of a valid W3C `traceparent`; all zeros is not one. */
export function traceIdOf(traceparent: unknown): string | undefined {
  const [, traceId, spanId] = typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  return traceId && spanId && !/^0+$/.test(traceId) && !/^0+$/.test(spanId) ? traceId : undefined;
}

/** Trace id that the client sent with a request: in its `_meta` on every transport, else in the header. */
export function traceOf({ mcpReq, http }: ServerContext): string | undefined {
  return traceIdOf(mcpReq._meta?.['traceparent'] ?? http?.req?.headers.get('traceparent'));
}
