import type { RateLimitState } from '../model-client.js';
import { durationMs, epochMs, LONGEST_WAIT_MS } from './retry-after.js';

/** The names of one limit. A vendor sends several: of requests, of tokens, of tokens in either direction. */
interface HeaderNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** Built once: every answer is looked at. */
const FAMILIES: readonly HeaderNames[] = [
  ...['', '-requests', '-tokens'].map((kind) => namesOf((field) => `x-ratelimit-${field}${kind}`)),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((kind) =>
    namesOf((field) => `anthropic-ratelimit-${kind}-${field}`),
  ),
];

/**
 * What a vendor's headers say about its limits; undefined if nothing. Of several the tightest: one that is used up
 * and takes longest to come back, else the one with the smallest share left.
 */
export function readRateLimit(
  headers: Pick<Headers, 'get'>,
  now: number = Date.now(),
): RateLimitState | undefined {
  let tightest: RateLimitState | undefined;
  for (const names of FAMILIES) {
    const state = readOne(headers, names, now);
    if (state && (!tightest || isTighter(state, tightest))) tightest = state;
  }
  return tightest;
}

function readOne(headers: Pick<Headers, 'get'>, names: HeaderNames, now: number): RateLimitState | undefined {
  const limit = countOf(headers.get(names.limit));
  const remaining = countOf(headers.get(names.remaining));
  if (limit === undefined && remaining === undefined) return undefined;
  const resetMs = resetOf(headers.get(names.reset), now);
  return {
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(resetMs !== undefined && { resetMs }),
  };
}

function isTighter(a: RateLimitState, b: RateLimitState): boolean {
  if (a.remaining === 0 && b.remaining === 0) return (a.resetMs ?? 0) > (b.resetMs ?? 0);
  return shareOf(a) < shareOf(b);
}

/** 0 to 1; a limit that does not say how much is left counts as untouched. */
function shareOf({ limit, remaining }: RateLimitState): number {
  if (remaining === 0) return 0;
  return remaining === undefined || !limit ? 1 : Math.min(1, remaining / limit);
}

/** Vendors write a number of seconds, a duration such as `6m0s`, a moment in RFC 3339, or one in Unix time. */
function resetOf(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '') return undefined;
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : epochMs(text);
  const wait = at === undefined ? durationMs(text) : at - now;
  return wait === undefined || Number.isNaN(wait)
    ? undefined
    : Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(wait)));
}

function countOf(value: string | null): number | undefined {
  const text = value?.trim() ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function namesOf(name: (field: string) => string): HeaderNames {
  return { limit: name('limit'), remaining: name('remaining'), reset: name('reset') };
}
