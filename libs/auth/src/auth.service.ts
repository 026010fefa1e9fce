import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { Inject, Injectable } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { type Principal } from './principal.js';
import { ANONYMOUS_SCOPES } from './scopes.js';

const ANONYMOUS: Principal = {
  tenant: 'local',
  subject: 'local',
  scopes: ANONYMOUS_SCOPES,
  expiresAt: Infinity,
};

/** The one door: every HTTP request and every WebSocket upgrade passes here. */
@Injectable()
export class AuthService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly tokens: AccessTokens,
    private readonly metrics: Metrics,
  ) {}

  /**
   * @param authorization the header as received
   * @throws ExaiError UNAUTHENTICATED, TOKEN_EXPIRED
   */
  authenticate(authorization: string | undefined): Principal {
    const token = bearerToken(authorization);
    if (token === undefined && !this.config.auth.enabled) return ANONYMOUS;
    try {
      if (token === undefined) throw new ExaiError('UNAUTHENTICATED', { reason: 'no_token' });
      const principal = this.tokens.verify(token);
      this.metrics.authAttempts.inc({ result: 'ok' });
      return principal;
    } catch (error) {
      const code = error instanceof ExaiError ? error.code : 'INTERNAL';
      this.metrics.authAttempts.inc({ result: code.toLowerCase() });
      throw error;
    }
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
}

/** Value of `WWW-Authenticate` for a refused request (RFC 6750: no `error` when no token came). */
export function challengeFor(authorization: string | undefined): string {
  return authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
}
