import { type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { toNodeHandler, type NodeMcpRequestHandler } from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  createMcpHandler,
  type AuthInfo,
  type McpHttpHandler,
} from '@modelcontextprotocol/server';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { LegacyHttpSessions } from './legacy-http-sessions.js';
import { type McpConnection } from './mcp-connection.js';
import { McpServerFactory } from './mcp-server-factory.js';

type McpRequest = IncomingMessage & { auth?: AuthInfo };

/** `/mcp`: stateless requests of 2026-07-28 and sessions of the 2025 revisions on one address. */
@Injectable()
export class McpHttpEndpoint implements OnApplicationShutdown {
  private readonly modern: McpHttpHandler;
  private readonly serveModern: NodeMcpRequestHandler;
  private stopping = false;

  constructor(
    servers: McpServerFactory,
    private readonly sessions: LegacyHttpSessions,
    logger: PinoLogger,
  ) {
    logger.setContext(McpHttpEndpoint.name);
    const onerror = (error: Error) => logger.debug({ err: error }, 'http endpoint');
    this.modern = createMcpHandler(({ authInfo }) => servers.create(connectionOf(authInfo)), {
      legacy: 'reject',
      onerror,
    });
    this.serveModern = toNodeHandler(this.modern, { onerror });
  }

  get connections(): number {
    return this.sessions.size;
  }

  /** @param body as parsed by the body parser */
  async handle(
    request: McpRequest,
    response: ServerResponse,
    body: unknown,
    principal: Principal,
  ): Promise<void> {
    const { kind } = classifyInboundRequest({
      httpMethod: request.method ?? 'GET',
      ...header(request, 'protocolVersionHeader', 'mcp-protocol-version'),
      ...header(request, 'mcpMethodHeader', 'mcp-method'),
      ...header(request, 'mcpNameHeader', 'mcp-name'),
      body,
    });
    if (kind === 'legacy') {
      await this.sessions.handle(request, response, body, principal);
      return;
    }
    request.auth = this.authInfo(principal);
    await this.serveModern(request as never, response, body);
  }

  /** From now on the end of a stream is our doing, and no cancel. */
  beginShutdown(): void {
    this.stopping = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.modern.close();
  }

  private authInfo(principal: Principal): AuthInfo {
    const connection: McpConnection = {
      id: `${principal.tenant}/${principal.subject}`,
      principal,
      transport: 'http',
      // On 2026-07-28 closing the response is how a client cancels.
      endCancels: () => !this.stopping,
      isWritable: () => true,
    };
    return {
      token: '',
      clientId: principal.subject,
      scopes: [...principal.scopes],
      extra: { connection },
    };
  }
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
