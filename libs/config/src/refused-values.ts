/** Switches of earlier systems that loosened a check. Setting one would look effective and be none, so it is refused. */
export const REFUSED_SWITCHES: ReadonlyMap<string, string> = new Map([
  ['JWT_GRACE_PERIOD_DAYS', 'to be removed: every request needs a valid token, there is no grace period'],
  ['JWT_GRACE_PERIOD', 'to be removed: every request needs a valid token, there is no grace period'],
  ['AUTH_DISABLED', 'EXAI_AUTH=off, which works on loopback outside production'],
  ['DISABLE_AUTH', 'EXAI_AUTH=off, which works on loopback outside production'],
  ['SKIP_AUTH', 'EXAI_AUTH=off, which works on loopback outside production'],
  ['EXAI_WS_TOKEN', 'to be removed: clients authenticate with an access token (EXAI_TOKEN)'],
  ['EX_ALLOW_EXTERNAL_PATHS', 'EXAI_FILE_ROOTS with the directories tools may read'],
  ['EX_ALLOW_RELATIVE_PATHS', 'EXAI_FILE_ROOTS with the directories tools may read'],
]);

const EXACT = new Set([
  'secret',
  'password',
  'token',
  'key',
  'none',
  'null',
  'undefined',
  'todo',
  'tbd',
  'test',
  'example',
  'placeholder',
  'dummy',
  'test-token-12345',
]);

const PATTERNS = [
  /change[-_ ]?me/,
  /replace[-_ ]?(me|this|with)/,
  /^(insert|enter|put|add|paste)[-_ ]/,
  /^your[-_ ]/,
  /your[-_ ](api|secret|jwt|key|token)/,
  /[-_ ](key|secret|token)[-_ ](goes[-_ ])?here$/,
  /^<.*>$/,
  /^\$\{.*\}$/,
  /^(sk-)?[x.*]{3,}$/,
];

/** True for sample text copied from a template instead of a real secret. */
export function isPlaceholder(value: string): boolean {
  const lower = value.toLowerCase();
  return EXACT.has(lower) || PATTERNS.some((pattern) => pattern.test(lower));
}

/**
 * How many different bytes a key holds. Hexadecimal text has only 16 characters, so it is counted by the bytes it
 * stands for; otherwise one in four keys from `openssl rand -hex 32` would look too uniform.
 */
export function distinctBytes(value: string): number {
  const written = new Set(Buffer.from(value)).size;
  const isHex = value.length % 2 === 0 && /^[0-9a-f]+$/i.test(value);
  return isHex ? Math.max(written, new Set(Buffer.from(value, 'hex')).size) : written;
}
