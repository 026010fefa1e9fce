/** The longest a timer can wait, some 25 days. Longer waits are cut to it, as a timer would take them for none. */
export const LONGEST_WAIT_MS = 2_147_483_647;

/** Unix time below this would be in 2001, so a smaller number is one of seconds. */
const FIRST_EPOCH_SECONDS = 1e9;
const FIRST_EPOCH_MS = 1e12;

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds a vendor asks to wait, from a `Retry-After` of seconds or of an HTTP date; undefined if it is neither. */
export function parseRetryAfter(
  value: string | null | undefined,
  now: number = Date.now(),
): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return secondsToMs(Number(text));
  // Every HTTP date names its weekday; `Date.parse` alone would accept almost any text with a digit.
  if (!/^(mon|tue|wed|thu|fri|sat|sun)/i.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, at - now));
}

export function secondsToMs(seconds: number): number {
  return Math.min(LONGEST_WAIT_MS, Math.ceil(seconds * 1000));
}

/** Milliseconds of a number of seconds or of a duration such as `6m0s`, `20ms`, `1.5s`; undefined if it is neither. */
export function durationMs(text: string): number | undefined {
  if (text.length > 40) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return secondsToMs(Number(text));
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(DURATION_PART)) {
    total += Number(number) * (UNITS_MS[unit ?? ''] ?? 0);
  }
  return Math.min(LONGEST_WAIT_MS, Math.ceil(total));
}

/** The moment a number means as Unix time, in seconds or milliseconds; undefined if it is too small for one. */
export function epochMs(text: string): number | undefined {
  if (!/^\d{10,16}(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (value >= FIRST_EPOCH_MS) return value;
  return value >= FIRST_EPOCH_SECONDS ? value * 1000 : undefined;
}

const STATED_TIME = /(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|UTC|[+-]\d\d:\d\d)?/;

/**
 * Milliseconds until the moment a text names, as plans do that fill up again ("will reset at 2026-01-23 15:04:05").
 * A time without a zone is that of Beijing: the vendor that writes so means it, in its English texts too.
 */
export function untilStatedTime(text: string, now: number = Date.now()): number | undefined {
  const [, day, time, zone = '+08:00'] = STATED_TIME.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const at = Date.parse(`${day}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, at - now));
}
