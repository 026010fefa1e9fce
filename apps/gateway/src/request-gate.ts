import { checkRequestOrigin, type AuthenticatedRequest, type AuthService, type Principal } from '#libs/auth';
import { type Config } from '#libs/config';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { pathOf } from './http-errors.js';

/**
 * What every request passes first.
 * @throws ExaiError HOST_REJECTED, ORIGIN_REJECTED
 */
export function enter(request: IncomingMessage, response: ServerResponse, config: Config): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  checkRequestOrigin(request, config.server);
}

/**
 * The same for a request that needs a token: checked before a byte of its body is read.
 * @throws ExaiError UNAUTHENTICATED, TOKEN_EXPIRED
 */
export function enterWithToken(
  request: IncomingMessage,
  response: ServerResponse,
  config: Config,
  auth: AuthService,
): Principal {
  enter(request, response, config);
  return auth.authenticate(request.headers.authorization);
}

/** Both as middleware in front of Nest's body parser. */
export function requestGate(config: Config, auth: AuthService) {
  return (request: AuthenticatedRequest, response: ServerResponse, next: (error?: unknown) => void): void => {
    try {
      if (pathOf(request).startsWith('/api/')) {
        request.principal = enterWithToken(request, response, config, auth);
      } else {
        enter(request, response, config);
      }
      next();
    } catch (error) {
      next(error);
    }
  };
}
