import { AuthService, challengeFor, checkRequestOrigin, type Principal } from '#libs/auth';
import { type Config } from '#libs/config';
import { ExaiError, toExaiError, toProblem } from '#libs/errors';
import { type IncomingMessage } from 'node:http';
import { v7 as uuidv7 } from 'uuid';

const SUBPROTOCOL = 'mcp';

const principals = new WeakMap<IncomingMessage, Principal>();

/** Who opened this socket; set during the upgrade. */
export function upgradePrincipal(request: IncomingMessage): Principal | undefined {
  return principals.get(request);
}

type Verdict = (accept: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

/** Everything is checked before the upgrade is accepted: no socket of a stranger ever exists. */
export function upgradeCheck(config: Config, auth: AuthService) {
  return ({ req: request }: { req: IncomingMessage }, verdict: Verdict): void => {
    const { authorization } = request.headers;
    try {
      checkRequestOrigin(request, config.server);
      if (!offeredProtocols(request).includes(SUBPROTOCOL)) {
        throw new ExaiError('INVALID_REQUEST', {
          reason: `Offer the WebSocket subprotocol \`${SUBPROTOCOL}\`.`,
        });
      }
      principals.set(request, auth.authenticate(authorization));
      verdict(true);
    } catch (thrown) {
      const error = toExaiError(thrown);
      const correlationId = uuidv7();
      verdict(false, error.entry.http, JSON.stringify(toProblem(error, { correlationId })), {
        'Content-Type': 'application/problem+json',
        'X-Correlation-Id': correlationId,
        ...(error.entry.http === 401 && { 'WWW-Authenticate': challengeFor(authorization) }),
      });
    }
  };
}

export function chooseProtocol(offered: Set<string>): string | false {
  return offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false;
}

function offeredProtocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}
