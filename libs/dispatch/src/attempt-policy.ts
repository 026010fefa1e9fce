import { type ExaiError } from '#libs/errors';

/** A vendor that asks for more patience than this gets none: the caller is told when to come back. */
const MAX_RETRY_AFTER_MS = 60_000;
/** So that calls which were refused together do not come back together. */
const RETRY_AFTER_JITTER_MS = 250;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;
/** An attempt with less time than this left is not worth a provider request. */
export const MIN_ATTEMPT_MS = 50;

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

/**
 * Milliseconds until the next attempt, or undefined when this failure is final.
 * @param reserve asked once it is sure that the policy wants a further attempt; its wait counts too, and one above
 * what it is given ends the call
 */
export function delayUntilNextAttempt(
  failed: FailedAttempt,
  reserve: (withinMs: number) => number = () => 0,
): number | undefined {
  const { error, attempt, next, remainingMs, deltaSent } = failed;
  const { retry, attemptsCap = Infinity } = error.entry;
  if (deltaSent || attempt >= Math.min(failed.maxAttempts, attemptsCap)) return undefined;
  if (retry !== 'queue' && !(retry === 'elsewhere' && next && !next.sameModel)) return undefined;
  const policy = delayFor(error, attempt, next);
  const withinMs = remainingMs - MIN_ATTEMPT_MS;
  if (policy === undefined || policy > withinMs) return undefined;
  const delay = Math.max(policy, reserve(withinMs));
  return delay > withinMs ? undefined : delay;
}

function delayFor(error: ExaiError, attempt: number, next: FailedAttempt['next']): number | undefined {
  // Another provider owes this one nothing: it is asked at once.
  if (next && !next.sameProvider) return 0;
  const { retryAfterMs } = error.details;
  if (retryAfterMs !== undefined) {
    if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
    return Math.max(0, retryAfterMs) + jitter(RETRY_AFTER_JITTER_MS);
  }
  if (error.entry.retry === 'elsewhere') return 0;
  return jitter(Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)));
}

function jitter(limitMs: number): number {
  return Math.round(Math.random() * limitMs);
}
