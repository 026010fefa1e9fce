import { AuthService, challengeFor, checkRequestOrigin, WebSocketTickets, type Principal } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError, toEnvelope, toExaiError, toProblem } from '#libs/errors';
import { McpWebSocketEndpoint, WEBSOCKET_LIMITS } from '#libs/mcp';
import { ErrorReporter } from '#libs/observability';
import { Inject, Injectable } from '@nestjs/common';
import { type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { credentialOf, offeredProtocols, SUBPROTOCOL } from './websocket-credential.js';

type Verdict = (accept: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

/** Everything is checked before an upgrade is accepted: no socket of a stranger ever exists. */
@Injectable()
export class WebSocketUpgrades {
  private readonly principals = new WeakMap<IncomingMessage, Principal>();
  private unfinished = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly tickets: WebSocketTickets,
    private readonly endpoint: McpWebSocketEndpoint,
    private readonly errors: ErrorReporter,
  ) {}

  /** Who opened this socket; known once its upgrade was accepted. */
  principalOf(request: IncomingMessage): Principal | undefined {
    return this.principals.get(request);
  }

  /** As `verifyClient` of the WebSocket library, which keeps early frames until the verdict. */
  readonly verify = ({ req: request }: { req: IncomingMessage }, verdict: Verdict): void => {
    this.admit(request).then(
      (principal) => {
        this.principals.set(request, principal);
        verdict(true);
      },
      (error: unknown) => this.refuse(request, error, verdict),
    );
  };

  /** @throws ExaiError HOST_REJECTED, ORIGIN_REJECTED, INVALID_REQUEST, UNAUTHENTICATED, TOKEN_EXPIRED, RATE_LIMITED, STORE_UNAVAILABLE */
  private async admit(request: IncomingMessage): Promise<Principal> {
    checkRequestOrigin(request, this.config.server);
    if (!offeredProtocols(request).includes(SUBPROTOCOL)) {
      throw new ExaiError('INVALID_REQUEST', {
        reason: `offer the WebSocket subprotocol \`${SUBPROTOCOL}\``,
      });
    }
    const credential = credentialOf(request);
    const principal =
      'ticket' in credential
        ? await this.redeem(credential.ticket)
        : this.auth.authenticate(credential.authorization);
    this.endpoint.checkRoomFor(principal);
    return principal;
  }

  private async redeem(ticket: string): Promise<Principal> {
    if (this.unfinished >= WEBSOCKET_LIMITS.unfinishedUpgrades)
      throw new ExaiError('RATE_LIMITED', { retryAfterMs: 1_000 });
    this.unfinished += 1;
    const limit = new AbortController();
    try {
      return await Promise.race([this.tickets.redeem(ticket), tooLate(limit.signal)]);
    } finally {
      this.unfinished -= 1;
      limit.abort();
    }
  }

  private refuse(request: IncomingMessage, thrown: unknown, verdict: Verdict): void {
    const error = toExaiError(thrown);
    const ids = { correlationId: uuidv7() };
    this.errors.report(toEnvelope(error, ids));
    const { retryAfterMs } = error.details;
    verdict(false, error.entry.http, JSON.stringify(toProblem(error, ids)), {
      'Content-Type': 'application/problem+json',
      'X-Correlation-Id': ids.correlationId,
      ...(retryAfterMs !== undefined && { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }),
      ...(error.entry.http === 401 && { 'WWW-Authenticate': challengeFor(request.headers.authorization) }),
    });
  }
}

async function tooLate(signal: AbortSignal): Promise<never> {
  await delay(WEBSOCKET_LIMITS.upgradeMs, undefined, { signal });
  throw new ExaiError('STORE_UNAVAILABLE');
}

export function chooseProtocol(offered: Set<string>): string | false {
  return offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false;
}
