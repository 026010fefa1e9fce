import { ExaiError } from '#libs/errors';

/** Our own `_meta` keys, in requests and results. */
export const META = {
  callId: 'io.exai/callId',
  error: 'io.exai/error',
  correlationId: 'io.exai/correlationId',
  timeoutMs: 'io.exai/timeoutMs',
  delta: 'io.exai/delta',
} as const;

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

/** Trace id of a valid W3C `traceparent`; all zeros is not one. */
export function traceIdOf(traceparent: unknown): string | undefined {
  const [, traceId, spanId] = typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  return traceId && spanId && !/^0+$/.test(traceId) && !/^0+$/.test(spanId) ? traceId : undefined;
}
