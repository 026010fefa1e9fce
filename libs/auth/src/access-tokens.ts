import { createSecretKey, randomUUID } from 'node:crypto';
import { openSecret, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { JwtService } from '@nestjs/jwt';
import { z } from 'zod';
import { type Principal } from './principal.js';
import { isScope } from './scopes.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Longest life of a token; a longer `exp` is refused even when the signature is right. */
export const MAX_TOKEN_SECONDS = 24 * 3600;
/** How much longer than it says a token is accepted: clocks differ. */
export const LEEWAY_SECONDS = 30;
const MAX_TOKEN_BYTES = 8192;

const claims = z.object({
  sub: z.string().min(1).max(128),
  jti: z.string().min(1).max(128),
  iat: z.number().int(),
  exp: z.number().int(),
  tenant: z.string().min(1).max(128).optional(),
  scope: z.union([z.string(), z.array(z.string())]).optional(),
  // An empty list would read as "no limit" somewhere: such a token is refused.
  models: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
      z.array(z.string().min(1).max(128)).min(1).max(200),
    )
    .optional(),
  max_cost_usd: z.number().nonnegative().optional(),
});

export interface TokenRequest {
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Seconds, at most 86,400. */
  readonly expiresIn: number;
  /** Ids or aliases of the only models it may use; absent = all. */
  readonly models?: readonly string[];
  /** USD one call may cost at most. */
  readonly maxCostUsd?: number;
}

/** Issues and verifies this gateway's own tokens: HS256, one secret, fixed issuer and audience. */
export class AccessTokens {
  private readonly jwt: JwtService;
  private readonly verifiedTokens = new VerifiedTokens();

  constructor(private readonly config: Config) {
    const secret = config.auth.jwtSecret ?? openSecret(config.server.dataDir, 'jwt-secret');
    // A key object: given text, the library first tries to read it as a public key, 0.5 ms for every token.
    this.jwt = new JwtService({ secret: createSecretKey(Buffer.from(secret)) });
  }

  /** @throws ExaiError CONFIG_INVALID on an unknown scope, an empty limit or a life of more than 24 hours. */
  issue({ subject, scopes, expiresIn, models, maxCostUsd }: TokenRequest): string {
    const unknown = scopes.find((scope) => !isScope(scope));
    if (unknown !== undefined) {
      throw new ExaiError('CONFIG_INVALID', { reason: `There is no scope \`${unknown}\`.` });
    }
    if (!(expiresIn > 0 && expiresIn <= MAX_TOKEN_SECONDS)) {
      throw new ExaiError('CONFIG_INVALID', {
        reason: 'A token lives at least 1 second and at most 24 hours.',
      });
    }
    const limits = {
      ...(models !== undefined && { models: [...models] }),
      ...(maxCostUsd !== undefined && { max_cost_usd: maxCostUsd }),
    };
    if (!claims.pick({ models: true, max_cost_usd: true }).safeParse(limits).success) {
      throw new ExaiError('CONFIG_INVALID', {
        reason: 'The list of models must name at least one, and a cost limit is a number from 0.',
      });
    }
    return this.jwt.sign(
      { scope: scopes.join(' '), ...limits },
      {
        algorithm: 'HS256',
        subject,
        expiresIn,
        issuer: this.config.auth.issuer,
        audience: this.config.auth.audience,
        jwtid: randomUUID(),
      },
    );
  }

  /** @throws ExaiError TOKEN_EXPIRED or UNAUTHENTICATED; the message never says which check failed. */
  verify(token: string): Principal {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw new ExaiError('UNAUTHENTICATED');
    const known = this.verifiedTokens.find(token);
    // One that is over goes the long way once more, which says so.
    if (known && !isOver(known)) return known;
    const principal = this.principalOf(token);
    this.verifiedTokens.remember(token, principal);
    return principal;
  }

  private principalOf(token: string): Principal {
    const parsed = claims.safeParse(this.verified(token));
    if (!parsed.success) throw new ExaiError('UNAUTHENTICATED');
    const { sub, iat, exp, tenant, scope, models, max_cost_usd: maxCostUsd } = parsed.data;
    if (exp > iat + MAX_TOKEN_SECONDS || iat > Date.now() / 1000 + LEEWAY_SECONDS) {
      throw new ExaiError('UNAUTHENTICATED');
    }
    const scopes = (typeof scope === 'string' ? scope.split(' ') : (scope ?? [])).filter(isScope);
    return {
      tenant: tenant ?? sub,
      subject: sub,
      scopes,
      ...(models !== undefined && { models }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
      expiresAt: exp,
    };
  }

  private verified(token: string): unknown {
    try {
      return this.jwt.verify<Record<string, unknown>>(token, {
        algorithms: ['HS256'],
        issuer: this.config.auth.issuer,
        audience: this.config.auth.audience,
        clockTolerance: LEEWAY_SECONDS,
      });
    } catch (error) {
      const expired = error instanceof Error && error.name === 'TokenExpiredError';
      throw new ExaiError(expired ? 'TOKEN_EXPIRED' : 'UNAUTHENTICATED', {}, { cause: error });
    }
  }
}

function isOver({ expiresAt }: Principal): boolean {
  return Date.now() / 1_000 >= expiresAt + LEEWAY_SECONDS;
}
