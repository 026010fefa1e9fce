import { hasScope, mayCall, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { ToolCatalog } from '#libs/tools';
import {
  type CallToolResult,
  type ListToolsResult,
  type Server,
  type Tool,
} from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { requestingClient } from '../client-abilities.js';
import { type McpConnection } from '../mcp-connection.js';
import { pageOf } from '../paging.js';
import { RequestBoundary } from '../request-boundary.js';
import { ToolCallHandler } from './tool-call-handler.js';

/** `tools/list` and `tools/call`. */
@Injectable()
export class ToolRequests {
  /** Of each set of rights; the catalogue of a process never changes. */
  private readonly firstPages = new Map<string, ListToolsResult>();

  constructor(
    private readonly catalog: ToolCatalog,
    private readonly calls: ToolCallHandler,
    private readonly boundary: RequestBoundary,
  ) {}

  serve(server: Server, connection: McpConnection): void {
    server.setRequestHandler('tools/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => this.list(connection.principal, params?.cursor)),
    );
    server.setRequestHandler(
      'tools/call',
      // A task is a third kind of answer, which the types of the protocol layer do not know.
      (request, ctx) =>
        this.calls.handle(request, ctx, connection, requestingClient(server, ctx)) as Promise<CallToolResult>,
    );
  }

  private list(principal: Principal, cursor: string | undefined): ListToolsResult {
    if (!hasScope(principal, 'tools:list')) throw new ExaiError('FORBIDDEN', { requiredScope: 'tools:list' });
    if (cursor !== undefined) return this.page(principal, cursor);
    const key = principal.scopes.join(' ');
    let first = this.firstPages.get(key);
    if (!first) {
      first = this.page(principal, undefined);
      this.firstPages.set(key, first);
    }
    return first;
  }

  private page(principal: Principal, cursor: string | undefined): ListToolsResult {
    const visible = this.catalog.list().filter(({ name }) => mayCall(principal, name));
    const { items, ...page } = pageOf(visible, cursor, this.catalog.digest.slice(0, 12));
    return { tools: items as unknown as Tool[], ...page };
  }
}
