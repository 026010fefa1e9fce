import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const CAPACITY = 1_000;

/** Hashing is dear beside everything else an ordinary request costs, and a test uses few keys. */
const known = new Map<string, string>();

/** First 8 hex digits of the SHA-256 of the key a request came with; null without one. */
export function hashCredential(headers: IncomingHttpHeaders): string | null {
  const credential = headers.authorization ?? headers['x-api-key'];
  if (typeof credential !== 'string') return null;
  const hash = known.get(credential) ?? createHash('sha256').update(credential).digest('hex').slice(0, 8);
  if (known.size < CAPACITY) known.set(credential, hash);
  return hash;
}
