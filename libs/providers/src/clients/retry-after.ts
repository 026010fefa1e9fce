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
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

export function secondsToMs(seconds: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(seconds * 1000));
}
