const HIDDEN = '[redacted]';

/** Property names whose value is never logged, whatever it holds. */
const SECRET_KEY =
  /^(authorization|proxy-authorization|cookie|set-cookie|password|passwd|secret|api_?key|x-api-key|token|ticket|access_?token|refresh_?token|jwt|dsn|connectionstring|database_?url|redis_?url)$/i;

const SECRET_PATTERNS: readonly RegExp[] = [
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /\bsk-[\w-]{8,}/g,
  // One-time tickets, as subprotocol and in an address.
  /(?<=\bmcp\.ticket\.)[\w-]+/g,
  /(?<=[?&]ticket=)[^&\s"'#]+/gi,
  /\bexai_[\w]{8}_[\w]{16,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  /(?<=\/\/)[^/\s:@]+:[^/\s@]+(?=@)/g,
];

const MAX_DEPTH = 6;

export type Redactor = (value: unknown) => unknown;

/** Secrets that became known after the redactors were built. */
const LATE_NEEDLES = new Set<string>();

/** Hides these values too, in every redactor of this process and for good: a replaced key is still a key. */
export function redactAlso(secrets: readonly string[]): void {
  for (const needle of needlesOf(secrets)) LATE_NEEDLES.add(needle);
}

/**
 * Builds the one redaction function: by property name, by pattern, and by value of every loaded secret
 * (plain, base64 and URL-encoded). Control characters in strings are escaped, so that no text can forge a log line.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = needlesOf(secrets);

  function redactText(text: string): string {
    let result = text;
    for (const needle of needles) {
      if (result.includes(needle)) result = result.replaceAll(needle, HIDDEN);
    }
    for (const needle of LATE_NEEDLES) {
      if (result.includes(needle)) result = result.replaceAll(needle, HIDDEN);
    }
    for (const pattern of SECRET_PATTERNS) result = result.replace(pattern, HIDDEN);
    return result;
  }

  function redact(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value);
    if (value === null || typeof value !== 'object') return value;
    if (depth >= MAX_DEPTH) return '[deep]';
    if (value instanceof Error) return redactError(value, depth);
    if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
    if (value instanceof Date || Buffer.isBuffer(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        SECRET_KEY.test(key) && item !== undefined ? HIDDEN : redact(item, depth + 1),
      ]),
    );
  }

  function redactError(error: Error, depth: number): unknown {
    return {
      type: error.name,
      message: redactText(error.message),
      stack: redactText(error.stack ?? ''),
      ...('code' in error && { code: redact(error.code, depth + 1) }),
      ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
    };
  }

  return (value) => redact(value, 0);
}

/** Every form in which a secret may stand in a text. Shorter ones would hide ordinary words. */
function needlesOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets
    .filter((secret) => secret.length >= 6)
    .flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
      encodeURIComponent(secret),
    ]);
  return [...new Set(forms)];
}
