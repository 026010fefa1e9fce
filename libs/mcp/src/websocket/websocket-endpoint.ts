import { LEEWAY_SECONDS, type Principal } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { ErrorReporter, Metrics } from '#libs/observability';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type WebSocket } from 'ws';
import { ChangeFeed } from '../changes/change-feed.js';
import { followListens } from '../changes/follow-listens.js';
import { FrameRate } from './frame-rate.js';
import { McpServerFactory } from '../mcp-server-factory.js';
import { refuseUnknownRevisions } from './unknown-revision.js';
import { CLOSE, closeLabel, closeWith, type CloseCode } from './websocket-closing.js';
import { keepAlive } from './websocket-heartbeat.js';
import { WEBSOCKET_LIMITS } from './websocket-limits.js';
import { WebSocketTransport } from './websocket-transport.js';

/** setTimeout counts in 32 bits; a longer wait would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** MCP over WebSocket, both protocol eras: the first message decides. */
@Injectable()
export class McpWebSocketEndpoint {
  private readonly sockets = new Set<WebSocket>();
  private readonly socketsOf = new Map<string, number>();
  private readonly messageRate: FrameRate;
  private readonly controlRate = new FrameRate(WEBSOCKET_LIMITS.controlFramesPerSecond);

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly servers: McpServerFactory,
    private readonly changes: ChangeFeed,
    private readonly metrics: Metrics,
    private readonly errors: ErrorReporter,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(McpWebSocketEndpoint.name);
    this.messageRate = new FrameRate(config.limits.socketMessagesPerSecond);
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** @throws ExaiError RATE_LIMITED when the principal has all the sockets that it may have */
  checkRoomFor(principal: Principal): void {
    if ((this.socketsOf.get(keyOf(principal)) ?? 0) < WEBSOCKET_LIMITS.socketsPerPrincipal) return;
    throw new ExaiError('RATE_LIMITED', { retryAfterMs: 1_000 });
  }

  /** Must be called in the turn in which the socket opened, before its first frame can arrive. */
  serve(socket: WebSocket, stream: Duplex, principal: Principal): void {
    const id = uuidv7();
    const transport = new WebSocketTransport(socket, {
      id,
      stream,
      messageRate: this.messageRate,
      onRefused: (error) => this.errors.report(error),
    });
    const subscription = this.changes.open(principal);
    socket.once('close', () => subscription.close());
    const connection = {
      id,
      principal,
      subscription,
      transport: 'websocket' as const,
      // A lost socket is no cancel: the call runs on and its answer is kept.
      endCancels: () => false,
    };
    serveStdio(() => this.servers.create(connection), {
      transport,
      onerror: (error) => this.logger.debug({ err: error, connection: id }, 'websocket'),
    });
    refuseUnknownRevisions(transport);
    followListens(transport, subscription);
    this.watch(socket, id, principal);
  }

  /** Ends every socket with `code`; clients take 1012 as "reconnect at once". */
  closeAll(code: CloseCode, reason: string): void {
    for (const socket of this.sockets) closeWith(socket, code, reason);
  }

  private watch(socket: WebSocket, id: string, principal: Principal): void {
    this.admit(socket, principal);
    keepAlive(socket);
    this.answerPings(socket, id);
    const lifeMs = (principal.expiresAt + LEEWAY_SECONDS) * 1_000 - Date.now();
    const expiry =
      lifeMs < LONGEST_TIMER_MS
        ? setTimeout(() => closeWith(socket, CLOSE.tokenExpired, 'token expired'), lifeMs)
        : undefined;
    socket.once('close', () => {
      clearTimeout(expiry);
      this.messageRate.forget(id);
      this.controlRate.forget(id);
    });
  }

  private admit(socket: WebSocket, principal: Principal): void {
    const owner = keyOf(principal);
    this.sockets.add(socket);
    this.socketsOf.set(owner, (this.socketsOf.get(owner) ?? 0) + 1);
    this.metrics.connections.inc({ transport: 'websocket' });
    socket.once('close', (code) => {
      const left = (this.socketsOf.get(owner) ?? 1) - 1;
      if (left === 0) this.socketsOf.delete(owner);
      else this.socketsOf.set(owner, left);
      this.sockets.delete(socket);
      this.metrics.connections.dec({ transport: 'websocket' });
      this.metrics.connectionsClosed.inc({ transport: 'websocket', code: closeLabel(socket, code) });
    });
  }

  /** By hand, because the library answers each ping of a flood before anybody can count it. */
  private answerPings(socket: WebSocket, id: string): void {
    const count = (answer: () => void) =>
      this.controlRate.count(
        id,
        () => socket.readyState === socket.OPEN && answer(),
        () => closeWith(socket, CLOSE.policy, 'too many pings'),
      );
    socket.on('ping', (data) => count(() => socket.pong(data)));
    socket.on('pong', () => count(() => undefined));
  }
}

function keyOf({ tenant, subject }: Principal): string {
  return JSON.stringify([tenant, subject]);
}
