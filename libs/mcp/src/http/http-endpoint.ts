import { type Principal } from '#libs/auth';
import { ExaiError, toExaiError } from '#libs/errors';
import {
  classifyInboundRequest,
  createMcpHandler,
  isJSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
  type AuthInfo,
  type McpHttpHandler,
} from '@modelcontextprotocol/server';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { ChangeFeed } from '../changes/change-feed.js';
import { listenedUris } from '../changes/follow-listens.js';
import { DirectAnswers } from './direct-answers.js';
import { asWebRequest } from './web-request.js';
import { sendWebResponse } from './web-response.js';
import { LegacyHttpSessions } from './legacy-http-sessions.js';
import { type McpConnection } from '../mcp-connection.js';
import { McpServerFactory } from '../mcp-server-factory.js';
import { ParamHeaders } from './param-headers.js';
import { toProtocolError } from '../protocol-errors.js';

/** The revisions that have sessions. */
const SESSION_REVISIONS: readonly string[] = SUPPORTED_PROTOCOL_VERSIONS;

/** `/mcp`: stateless requests of 2026-07-28 and sessions of the 2025 revisions on one address. */
@Injectable()
export class McpHttpEndpoint implements OnApplicationShutdown {
  private readonly modern: McpHttpHandler;
  private stopping = false;

  constructor(
    servers: McpServerFactory,
    private readonly sessions: LegacyHttpSessions,
    private readonly changes: ChangeFeed,
    private readonly paramHeaders: ParamHeaders,
    logger: PinoLogger,
  ) {
    logger.setContext(McpHttpEndpoint.name);
    const onerror = (error: Error) => logger.debug({ err: error }, 'http endpoint');
    this.modern = createMcpHandler(({ authInfo }) => servers.create(connectionOf(authInfo)), {
      legacy: 'reject',
      bus: changes.bus,
      onerror,
    });
  }

  get connections(): number {
    return this.sessions.size;
  }

  /** @param body as parsed by the body parser */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    principal: Principal,
  ): Promise<void> {
    if (isLegacy(request, body)) {
      await this.sessions.handle(request, response, body, principal);
      return;
    }
    const serve = () => this.serveModern(request, response, body, principal);
    if (isListen(body)) {
      await this.changes.listen(principal, listenedUris(body), serve);
    } else if (this.headersAgree(request, response, body)) {
      await serve();
    }
  }

  /** From now on the end of a stream is our doing, and no cancel. */
  beginShutdown(): void {
    this.stopping = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.modern.close();
  }

  private async serveModern(
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    principal: Principal,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableEnded) gone.abort();
    });
    const answer = await this.modern.fetch(asWebRequest(request, gone.signal), {
      authInfo: this.authInfo(principal, response),
      ...(body !== undefined && { parsedBody: body }),
    });
    // Otherwise it has been answered directly, and this is only how the SDK says that nothing is left to send.
    if (!response.writableEnded) await sendWebResponse(answer, response);
  }

  private headersAgree(request: IncomingMessage, response: ServerResponse, body: unknown): boolean {
    try {
      this.paramHeaders.check(body, request.headers);
      return true;
    } catch (thrown) {
      const error = toExaiError(thrown);
      const { code, message, data } = toProtocolError(error, { correlationId: uuidv7() });
      const { id = null } = body as { readonly id?: unknown };
      response.writeHead(error.entry.http, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }));
      return false;
    }
  }

  private authInfo(principal: Principal, response: ServerResponse): AuthInfo {
    const connection: McpConnection = {
      id: `${principal.tenant}/${principal.subject}`,
      principal,
      transport: 'http',
      // On 2026-07-28 closing the response is how a client cancels.
      endCancels: () => !this.stopping,
      through: (transport) => new DirectAnswers(transport, response),
    };
    return {
      token: '',
      clientId: principal.subject,
      scopes: [...principal.scopes],
      extra: { connection },
    };
  }
}

function isLegacy(request: IncomingMessage, body: unknown): boolean {
  return isPlainlyLegacy(request, body) || classify(request, body) === 'legacy';
}

/** What the SDK would say too, but only after two checks that fail, which cost more than they do when they hold. */
function isPlainlyLegacy({ headers }: IncomingMessage, body: unknown): boolean {
  const version = headers['mcp-protocol-version'];
  return (
    SESSION_REVISIONS.includes(version as string) &&
    isJSONRPCRequest(body) &&
    body.params?._meta === undefined
  );
}

function classify(request: IncomingMessage, body: unknown): 'legacy' | 'modern' | 'reject' {
  const { kind } = classifyInboundRequest({
    httpMethod: request.method ?? 'GET',
    ...header(request, 'protocolVersionHeader', 'mcp-protocol-version'),
    ...header(request, 'mcpMethodHeader', 'mcp-method'),
    ...header(request, 'mcpNameHeader', 'mcp-name'),
    body,
  });
  return kind;
}

function isListen(body: unknown): boolean {
  return (body as { readonly method?: unknown } | undefined)?.method === 'subscriptions/listen';
}

function connectionOf(authInfo: AuthInfo | undefined): McpConnection {
  const connection = authInfo?.extra?.['connection'] as McpConnection | undefined;
  // `handle` sets it for every request; a server without a principal must not exist.
  if (!connection) throw new ExaiError('UNAUTHENTICATED');
  return connection;
}

function header<K extends string>(
  request: IncomingMessage,
  key: K,
  name: string,
): Partial<Record<K, string>> {
  const value = request.headers[name];
  return typeof value === 'string' ? ({ [key]: value } as Record<K, string>) : {};
}
