import { SERVER_INTRODUCTION } from '#libs/config';
import {
  Server,
  type Implementation,
  type ServerContext,
  type ServerOptions,
  type Transport,
} from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { CompletionRequests } from './completion/completion-requests.js';
import { type ChangeSubscription } from './changes/change-subscription.js';
import { type McpConnection } from './mcp-connection.js';
import { PromptRequests } from './prompts/prompt-requests.js';
import { RequestStates } from './request-state.js';
import { ResourceRequests } from './resources/resource-requests.js';
import { TaskRequests } from './tasks/task-requests.js';
import { ToolRequests } from './calls/tool-requests.js';

const { serverInfo, capabilities } = SERVER_INTRODUCTION;

const INSTRUCTIONS =
  'A team of AI models as tools. `listmodels` shows which models answer, `status` what to do when none does. ' +
  'Pass `continuation_id` of an answer to go on in the same conversation, also with another tool.';

/** Lists may be kept by clients for a minute; they differ per principal. What resources hold changes any time. */
const KEPT = { ttlMs: 60_000, cacheScope: 'private' } as const;
const CACHE_HINTS = {
  'tools/list': KEPT,
  'prompts/list': KEPT,
  'resources/list': KEPT,
  'resources/templates/list': KEPT,
} as const;

/** The one place where a protocol server is made; every transport and both eras get theirs here. */
@Injectable()
export class McpServerFactory {
  constructor(
    private readonly tools: ToolRequests,
    private readonly prompts: PromptRequests,
    private readonly resources: ResourceRequests,
    private readonly completions: CompletionRequests,
    private readonly tasks: TaskRequests,
    private readonly states: RequestStates,
  ) {}

  create(connection: McpConnection): Server {
    const { principal, subscription } = connection;
    const options = {
      capabilities,
      instructions: INSTRUCTIONS,
      cacheHints: CACHE_HINTS,
      requestState: {
        verify: (state: string, ctx: ServerContext) => this.states.open(state, ctx, principal),
      },
    };
    const server = new ConnectionServer(serverInfo, options, connection);
    this.tools.serve(server, connection);
    this.prompts.serve(server, connection);
    this.resources.serve(server, connection);
    this.completions.serve(server, connection);
    this.tasks.serve(server, connection);
    if (subscription) sendNews(subscription, server);
    return server;
  }
}

class ConnectionServer extends Server {
  constructor(
    info: Implementation,
    options: ServerOptions,
    private readonly connection: McpConnection,
  ) {
    super(info, options);
  }

  override connect(transport: Transport): Promise<void> {
    return super.connect(this.connection.through?.(transport) ?? transport);
  }
}

/** A server that was made to be asked what it can is replaced by the one that stays, and so is where news go. */
function sendNews(subscription: ChangeSubscription, server: Server): void {
  const send = (sent: Promise<void>) => void sent.catch(() => undefined);
  // Nothing goes out before both sides have agreed on a revision.
  const isOpen = () => server.getNegotiatedProtocolVersion() !== undefined;
  subscription.sink = {
    listChanged(list) {
      if (!isOpen()) return;
      if (list === 'tools') send(server.sendToolListChanged());
      else if (list === 'prompts') send(server.sendPromptListChanged());
      else send(server.sendResourceListChanged());
    },
    updated(uri) {
      if (isOpen()) send(server.sendResourceUpdated({ uri }));
    },
  };
}
