import { type Principal } from '#libs/auth';
import { toEnvelope, ExaiError, type ErrorCode } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { isInitializeRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ChangeFeed } from '../changes/change-feed.js';
import { SessionTransport } from './session-transport.js';
import { type McpConnection } from '../mcp-connection.js';
import { McpServerFactory } from '../mcp-server-factory.js';
import { SessionEvents } from './session-events.js';

const IDLE_MS = 30 * 60_000;
const SWEEP_MS = 60_000;
const MAX_SESSIONS = 1_000;
/** How soon the client of a stream that was closed comes back. */
const RETRY_MS = 1_000;

interface Session {
  readonly transport: SessionTransport;
  readonly principal: Principal;
  readonly events: SessionEvents;
  lastSeen: number;
  /** Set by DELETE: only then does the end of the session cancel its calls. */
  ended: boolean;
  inFlight: number;
}

/** Streamable HTTP of the 2025 revisions: sessions that live between requests, in this process. */
@Injectable()
export class LegacyHttpSessions implements OnApplicationShutdown {
  private readonly sessions = new Map<string, Session>();
  private readonly timer = setInterval(() => this.expireIdle(), SWEEP_MS).unref();

  constructor(
    private readonly servers: McpServerFactory,
    private readonly changes: ChangeFeed,
    private readonly metrics: Metrics,
  ) {}

  get size(): number {
    return this.sessions.size;
  }

  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    principal: Principal,
  ): Promise<void> {
    const id = request.headers['mcp-session-id'];
    if (id === undefined) {
      if (request.method === 'POST' && isInitializeRequest(body)) {
        const transport = await this.open(principal);
        await transport.handle(request, response, body);
      } else {
        refuse(
          response,
          400,
          -32000,
          'INVALID_REQUEST',
          'Send `initialize` first: this request names no session.',
        );
      }
      return;
    }
    const session = typeof id === 'string' ? this.sessions.get(id) : undefined;
    // A foreign session gets the answer of an unknown one: ids tell nothing about what exists.
    if (!session || !isSame(session.principal, principal)) {
      refuse(response, 404, -32001, 'NOT_FOUND', 'Session not found. Send `initialize` to start a new one.');
      return;
    }
    session.lastSeen = Date.now();
    session.inFlight += 1;
    response.once('close', () => (session.inFlight -= 1));
    if (request.method === 'DELETE') session.ended = true;
    await session.transport.handle(request, response, body);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.sessions.values()].map(({ transport }) => transport.close()));
  }

  private async open(principal: Principal): Promise<SessionTransport> {
    if (this.sessions.size >= MAX_SESSIONS) this.evictOldestIdle();
    const events = new SessionEvents();
    const streams = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: events,
      retryInterval: RETRY_MS,
      onsessioninitialized: (id) => {
        this.sessions.set(id, session);
        this.metrics.connections.inc({ transport: 'http' });
      },
    });
    const transport = new SessionTransport(streams);
    const session: Session = {
      transport,
      principal,
      events,
      lastSeen: Date.now(),
      ended: false,
      inFlight: 0,
    };
    const subscription = this.changes.open(principal);
    const connection: McpConnection = {
      id: uuidv7(),
      principal,
      transport: 'http',
      subscription,
      endCancels: () => session.ended,
    };
    transport.onclose = () => {
      subscription.close();
      if (transport.sessionId !== undefined && this.sessions.delete(transport.sessionId)) {
        this.metrics.connections.dec({ transport: 'http' });
        this.metrics.connectionsClosed.inc({
          transport: 'http',
          code: session.ended ? 'deleted' : 'expired',
        });
      }
    };
    await this.servers.create(connection).connect(transport);
    return transport;
  }

  private expireIdle(): void {
    const quietSince = Date.now() - IDLE_MS;
    for (const session of this.sessions.values()) {
      session.events.forget();
      if (session.inFlight === 0 && session.lastSeen < quietSince) void session.transport.close();
    }
  }

  private evictOldestIdle(): void {
    const idle = [...this.sessions.values()].filter(({ inFlight }) => inFlight === 0);
    idle.sort((a, b) => a.lastSeen - b.lastSeen);
    const [oldest] = idle;
    if (!oldest) throw new ExaiError('QUOTA_EXCEEDED', { reason: 'Too many open sessions.' });
    void oldest.transport.close();
  }
}

/** Also of the same rights: a narrower token must not use the session of a wider one. */
function isSame(a: Principal, b: Principal): boolean {
  return a === b || rightsOf(a) === rightsOf(b);
}

function rightsOf({ tenant, subject, scopes, models, maxCostUsd }: Principal): string {
  return JSON.stringify([tenant, subject, scopes, models, maxCostUsd]);
}

function refuse(
  response: ServerResponse,
  status: number,
  number: number,
  code: ErrorCode,
  message: string,
): void {
  const data = toEnvelope(new ExaiError(code), { correlationId: uuidv7() });
  response.writeHead(status, { 'Content-Type': 'application/json', 'X-Correlation-Id': data.correlationId });
  response.end(
    JSON.stringify({
      jsonrpc: '2.0',
      id: null,
      error: { code: number, message, data: { ...data, message } },
    }),
  );
}
