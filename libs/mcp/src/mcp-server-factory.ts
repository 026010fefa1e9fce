import { hasScope, mayCall, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { ToolCatalog } from '#libs/tools';
import {
  CLIENT_INFO_META_KEY,
  Server,
  type Implementation,
  type ListPromptsResult,
  type ListToolsResult,
  type Tool,
} from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';
import { Completions } from './completions.js';
import { type McpConnection } from './mcp-connection.js';
import { PromptCatalog, promptText } from './prompts/prompt-catalog.js';
import { refuseCursor, RequestBoundary } from './request-boundary.js';
import { ResourceCatalog } from './resources/resource-catalog.js';
import { ToolCallHandler } from './tool-call-handler.js';

/** Name and version that this server shows to its clients. */
export const SERVER_INFO = Symbol('SERVER_INFO');

const INSTRUCTIONS =
  'A team of AI models as tools. `listmodels` shows which models answer, `status` what to do when none does. ' +
  'Pass `continuation_id` of an answer to go on in the same conversation, also with another tool.';

/** The stdio shim promises the same while its gateway starts. */
const CAPABILITIES = { tools: {}, prompts: {}, resources: {}, completions: {} };

/** Lists may be kept by clients for a minute; they differ per principal. What resources hold changes any time. */
const KEPT = { ttlMs: 60_000, cacheScope: 'private' } as const;
const CACHE_HINTS = {
  'tools/list': KEPT,
  'prompts/list': KEPT,
  'resources/list': KEPT,
  'resources/templates/list': KEPT,
} as const;

const JSON_TYPE = 'application/json';

/** The one place where a protocol server is made; every transport and both eras get theirs here. */
@Injectable()
export class McpServerFactory {
  private readonly lists = new Map<string, ListToolsResult>();

  constructor(
    @Inject(SERVER_INFO) private readonly info: Implementation,
    private readonly catalog: ToolCatalog,
    private readonly calls: ToolCallHandler,
    private readonly prompts: PromptCatalog,
    private readonly resources: ResourceCatalog,
    private readonly completions: Completions,
    private readonly boundary: RequestBoundary,
  ) {}

  create(connection: McpConnection): Server {
    const server = new Server(this.info, {
      capabilities: CAPABILITIES,
      instructions: INSTRUCTIONS,
      cacheHints: CACHE_HINTS,
    });
    const { principal } = connection;
    server.setRequestHandler('tools/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => this.listTools(principal, params?.cursor)),
    );
    server.setRequestHandler('tools/call', (request, ctx) => {
      const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined;
      const client = (envelope?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion()) as
        Implementation | undefined;
      return this.calls.handle(request, ctx, connection, client);
    });
    this.servePrompts(server, principal);
    this.serveResources(server, principal);
    server.setRequestHandler('completion/complete', ({ params: { ref, argument } }, ctx) =>
      this.boundary.run(ctx, async () => ({
        completion: await this.completions.complete(ref, argument, principal),
      })),
    );
    return server;
  }

  private servePrompts(server: Server, principal: Principal): void {
    server.setRequestHandler('prompts/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => this.listPrompts(principal, params?.cursor)),
    );
    server.setRequestHandler('prompts/get', ({ params: { name, arguments: args } }, ctx) =>
      this.boundary.run(ctx, () => {
        const prompt = this.prompts.find(name, principal);
        const text = promptText(prompt, args);
        return {
          description: prompt.description,
          messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
        };
      }),
    );
  }

  private serveResources(server: Server, principal: Principal): void {
    server.setRequestHandler('resources/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => {
        refuseCursor(params?.cursor);
        const resources = this.resources.fixed(principal).map(({ uri, name, title, description }) => ({
          uri,
          name,
          title,
          description,
          mimeType: JSON_TYPE,
        }));
        return { resources };
      }),
    );
    server.setRequestHandler('resources/templates/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => {
        refuseCursor(params?.cursor);
        const resourceTemplates = this.resources
          .templates(principal)
          .map(({ uriTemplate, name, title, description }) => ({
            uriTemplate,
            name,
            title,
            description,
            mimeType: JSON_TYPE,
          }));
        return { resourceTemplates };
      }),
    );
    server.setRequestHandler('resources/read', ({ params: { uri } }, ctx) =>
      this.boundary.run(ctx, async () => {
        const text = JSON.stringify(await this.resources.read(uri, principal));
        return { contents: [{ uri, mimeType: JSON_TYPE, text }] };
      }),
    );
  }

  private listPrompts(principal: Principal, cursor: string | undefined): ListPromptsResult {
    requireListing(principal);
    refuseCursor(cursor);
    const prompts = this.prompts.list(principal).map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args.map((argument) => ({
        name: argument.name,
        description: argument.description,
        required: argument.required,
      })),
    }));
    return { prompts };
  }

  private listTools(principal: Principal, cursor: string | undefined): ListToolsResult {
    requireListing(principal);
    refuseCursor(cursor);
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

function requireListing(principal: Principal): void {
  if (!hasScope(principal, 'tools:list')) throw new ExaiError('FORBIDDEN', { requiredScope: 'tools:list' });
}
