import { checkRequestOrigin, type AuthenticatedRequest, type AuthService } from '#libs/auth';
import { type Config } from '#libs/config';
import { type ServerResponse } from 'node:http';

const NEEDS_TOKEN = /^\/(mcp|api)(\/|\?|$)/;

/** First of all: Host, Origin and token, so that no body of a stranger is read. */
export function requestGate(config: Config, auth: AuthService) {
  return (request: AuthenticatedRequest, response: ServerResponse, next: (error?: unknown) => void): void => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    try {
      checkRequestOrigin(request, config.server);
      if (NEEDS_TOKEN.test(request.url ?? '')) {
        request.principal = auth.authenticate(request.headers.authorization);
      }
      next();
    } catch (error) {
      next(error);
    }
  };
}
