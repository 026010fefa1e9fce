import { type ExaiError } from '#libs/errors';
import { Backoffs } from 'bullmq';

/** A vendor that asks for more patience than this gets none: the caller is told when to come back. */
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_BACKOFF_MS = 8_000;
/** An attempt with less time than this left is not worth a provider request. */
const MIN_ATTEMPT_MS = 50;

/** Full jitter over 250 ms doubled per attempt: BullMQ's own exponential backoff. */
const backoff = Backoffs.builtinStrategies['exponential']!(250, 1);

export interface FailedAttempt {
  readonly error: ExaiError;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly remainingMs: number;
  /** The candidate that the next attempt would take, when the call has a model at all. */
  readonly next?: { readonly sameProvider: boolean; readonly sameModel: boolean };
  /** Text has reached the caller; a second answer would be appended to the first. */
  readonly deltaSent: boolean;
}

/** Milliseconds until the next attempt, or undefined when this failure is final. */
export function delayUntilNextAttempt(failed: FailedAttempt): number | undefined {
  const { error, attempt, next, remainingMs, deltaSent } = failed;
  const { retry, attemptsCap = Infinity } = error.entry;
  if (deltaSent || attempt >= Math.min(failed.maxAttempts, attemptsCap)) return undefined;
  if (retry !== 'queue' && !(retry === 'elsewhere' && next && !next.sameModel)) return undefined;
  const delay = delayFor(error, attempt, next);
  if (delay === undefined || delay + MIN_ATTEMPT_MS > remainingMs) return undefined;
  return delay;
}

function delayFor(error: ExaiError, attempt: number, next: FailedAttempt['next']): number | undefined {
  // Another provider owes this one nothing: it is asked at once.
  if (next && !next.sameProvider) return 0;
  const { retryAfterMs } = error.details;
  if (retryAfterMs !== undefined) return retryAfterMs > MAX_RETRY_AFTER_MS ? undefined : retryAfterMs;
  if (error.entry.retry === 'elsewhere') return 0;
  return Math.min(MAX_BACKOFF_MS, (backoff as (attemptsMade: number) => number)(attempt));
}
