import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TokenOptions {
  readonly subject?: string;
  readonly scopes?: readonly string[];
  /** Seconds from now until it ends; negative: it has ended. */
  readonly expiresIn?: number;
  readonly issuer?: string;
  readonly audience?: string;
  readonly secret?: string;
  readonly algorithm?: 'HS256' | 'none';
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const ALL_SCOPES = ['tools:list', 'tools:call', 'files:read', 'calls:read', 'admin:read', 'metrics:read'];

/** What a token needs to know of its server. */
export interface TokenServer {
  readonly dataDir: string;
  /** Accepted `aud`. */
  readonly audience: string;
}

/** A token as the server would issue it, or, with options, one that it must refuse. */
export function signToken(server: TokenServer, options: TokenOptions = {}): string {
  const { subject = 'tester', scopes = ALL_SCOPES, expiresIn = 3_600, algorithm = 'HS256' } = options;
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    sub: subject,
    jti: randomUUID(),
    iss: options.issuer ?? 'exai',
    aud: options.audience ?? server.audience,
    iat: Math.min(now, now + expiresIn - 1),
    exp: now + expiresIn,
    scope: scopes.join(' '),
    ...options.claims,
  };
  const signed = `${encode({ alg: algorithm, typ: 'JWT' })}.${encode(claims)}`;
  if (algorithm === 'none') return `${signed}.`;
  const secret = options.secret ?? readFileSync(join(server.dataDir, 'jwt-secret'), 'utf8').trim();
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
