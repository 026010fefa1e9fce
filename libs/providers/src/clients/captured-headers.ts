const MAX_HEADERS = 50;
const MAX_VALUE = 500;

/** Limits, ids and what vendors tell about their caches. A vendor's other headers are nobody's business. */
const SHOWN =
  /^(date|retry-after(-ms)?|(msh-|x-)?request-id|x-ratelimit-[\w-]+|anthropic-ratelimit-[\w-]+|(x-)?msh-[\w-]+)$/;
/** Names that may hold a credential, whatever they begin with. */
const NEVER = /auth|cookie|secret|session|key|token$/;

/**
 * Headers of an answer that are worth showing to a caller.
 * @param redact takes keys out of a vendor's text
 */
export function capturedHeaders(
  headers: Headers,
  redact: (text: string) => string,
): Readonly<Record<string, string>> {
  const shown = [...headers]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => SHOWN.test(name) && !NEVER.test(name))
    .slice(0, MAX_HEADERS);
  return Object.fromEntries(shown.map(([name, value]) => [name, redact(value).slice(0, MAX_VALUE)]));
}
