import { hasScope, mayCall, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { ToolCatalog } from '#libs/tools';
import {
  CLIENT_INFO_META_KEY,
  Server,
  type Implementation,
  type ListToolsResult,
  type Tool,
} from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type McpConnection } from './mcp-connection.js';
import { toProtocolError } from './protocol-errors.js';
import { ToolCallHandler } from './tool-call-handler.js';

/** Name and version that this server shows to its clients. */
export const SERVER_INFO = Symbol('SERVER_INFO');

const INSTRUCTIONS =
  'A team of AI models as tools. `listmodels` shows which models answer, `status` what to do when none does. ' +
  'Pass `continuation_id` of an answer to go on in the same conversation, also with another tool.';

/** Lists may be kept by clients for a minute; they differ per principal. */
const CACHE_HINTS = { 'tools/list': { ttlMs: 60_000, cacheScope: 'private' } } as const;

/** The one place where a protocol server is made; every transport and both eras get theirs here. */
@Injectable()
export class McpServerFactory {
  private readonly lists = new Map<string, ListToolsResult>();

  constructor(
    @Inject(SERVER_INFO) private readonly info: Implementation,
    private readonly catalog: ToolCatalog,
    private readonly calls: ToolCallHandler,
  ) {}

  create(connection: McpConnection): Server {
    const server = new Server(this.info, {
      capabilities: { tools: {} },
      instructions: INSTRUCTIONS,
      cacheHints: CACHE_HINTS,
    });
    server.setRequestHandler('tools/list', ({ params }) => this.list(connection.principal, params?.cursor));
    server.setRequestHandler('tools/call', (request, ctx) => {
      const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined;
      const client = (envelope?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion()) as
        Implementation | undefined;
      return this.calls.handle(request, ctx, connection, client);
    });
    return server;
  }

  private list(principal: Principal, cursor: string | undefined): ListToolsResult {
    const ids = { correlationId: uuidv7() };
    if (!hasScope(principal, 'tools:list')) {
      throw toProtocolError(new ExaiError('FORBIDDEN', { requiredScope: 'tools:list' }), ids);
    }
    if (cursor !== undefined) {
      // Some clients read the first page only, so one page holds all; a cursor cannot be ours.
      throw toProtocolError(new ExaiError('INVALID_PARAMS', { field: 'cursor' }), ids);
    }
    const key = principal.scopes.join(' ');
    let result = this.lists.get(key);
    if (!result) {
      const visible = this.catalog.list().filter(({ name }) => mayCall(principal, name));
      result = { tools: visible as unknown as Tool[] };
      this.lists.set(key, result);
    }
    return result;
  }
}
