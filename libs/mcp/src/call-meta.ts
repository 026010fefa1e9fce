import { ExaiError, toExaiError } from '#libs/errors';
import { CLIENT_FILES_META, clientFilesSchema, type ClientFiles } from '#libs/file-access';

/** Our own `_meta` keys, in requests and results. */
export const META = {
  callId: 'io.exai/callId',
  error: 'io.exai/error',
  correlationId: 'io.exai/correlationId',
  timeoutMs: 'io.exai/timeoutMs',
  delta: 'io.exai/delta',
  idempotencyKey: 'io.exai/idempotencyKey',
  replayed: 'io.exai/replayed',
} as const;

const MAX_ISSUES = 5;
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * The caller's own limit in milliseconds.
 * @throws ExaiError INVALID_PARAMS when it is there and not a positive number
 */
export function requestedTimeoutMs(meta: Record<string, unknown> | undefined): number | undefined {
  const value = meta?.[META.timeoutMs];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value > 0)) {
    throw new ExaiError('INVALID_PARAMS', {
      field: `_meta["${META.timeoutMs}"]`,
      reason: `_meta["${META.timeoutMs}"] must be a positive number of milliseconds.`,
    });
  }
  return value;
}

/**
 * The caller's name for this call, under which it may be sent again.
 * @throws ExaiError INVALID_PARAMS when it is there and not 1 to 128 printable ASCII characters
 */
export function idempotencyKeyOf(meta: Record<string, unknown> | undefined): string | undefined {
  const value = meta?.[META.idempotencyKey];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !IDEMPOTENCY_KEY.test(value)) {
    throw new ExaiError('INVALID_PARAMS', {
      field: `_meta["${META.idempotencyKey}"]`,
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
