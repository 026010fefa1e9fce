import { hasScope, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { InputNeeded, type CallInput, type InputResponses } from '#libs/tools';
import {
  type GetPromptRequest,
  type GetPromptResult,
  type InputRequiredResult,
  type ListPromptsResult,
  type PromptMessage,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { requestingClient } from '../client-abilities.js';
import { type McpConnection } from '../mcp-connection.js';
import { pageOf } from '../paging.js';
import { RequestBoundary } from '../request-boundary.js';
import { askedResult, carriedFor, requestHash, RequestStates, type CarriedState } from '../request-state.js';
import { promptArguments, PromptCatalog } from './prompt-catalog.js';
import { type PromptArguments, type PromptDefinition } from './prompt.js';

/** `prompts/list` and `prompts/get`. */
@Injectable()
export class PromptRequests {
  constructor(
    private readonly catalog: PromptCatalog,
    private readonly states: RequestStates,
    private readonly boundary: RequestBoundary,
  ) {}

  serve(server: Server, { principal }: McpConnection): void {
    server.setRequestHandler('prompts/list', ({ params }, ctx) =>
      this.boundary.run(ctx, () => this.list(principal, params?.cursor)),
    );
    server.setRequestHandler('prompts/get', (request, ctx) =>
      this.boundary.run(ctx, () => this.get(server, request, ctx, principal)),
    );
  }

  private list(principal: Principal, cursor: string | undefined): ListPromptsResult {
    if (!hasScope(principal, 'tools:list')) throw new ExaiError('FORBIDDEN', { requiredScope: 'tools:list' });
    const { items, ...page } = pageOf(this.catalog.list(principal), cursor, this.catalog.version);
    const prompts = items.map(({ name, title, description, arguments: args, icons }) => ({
      name,
      title,
      description,
      arguments: args.map((argument) => ({
        name: argument.name,
        description: argument.description,
        required: argument.required,
      })),
      ...(icons && { icons: [...icons] }),
    }));
    return { prompts, ...page };
  }

  private async get(
    server: Server,
    request: GetPromptRequest,
    ctx: ServerContext,
    principal: Principal,
  ): Promise<GetPromptResult | InputRequiredResult> {
    const prompt = this.catalog.find(request.params.name, principal);
    const args = promptArguments(prompt, request.params.arguments);
    const before = carriedFor(request, ctx.mcpReq.requestState<CarriedState>()).responses;
    const responses = { ...before, ...ctx.mcpReq.inputResponses };
    const { asks } = requestingClient(server, ctx);
    try {
      const messages = await messagesOf(prompt, args, responses, (kind) => asks.includes(kind));
      return { description: prompt.description, messages: [...messages] };
    } catch (thrown) {
      if (!(thrown instanceof InputNeeded)) throw thrown;
      // No call keeps the answers of earlier rounds, so they travel along.
      const state = { request: requestHash(request), responses };
      return askedResult(thrown.requests, await this.states.seal(state, ctx, principal));
    }
  }
}

async function messagesOf(
  prompt: PromptDefinition,
  args: PromptArguments,
  responses: InputResponses,
  can: CallInput['can'],
): Promise<readonly PromptMessage[]> {
  return 'messages' in prompt
    ? prompt.messages(args, { can, response: (key) => responses[key] })
    : [{ role: 'user', content: { type: 'text', text: prompt.text(args) } }];
}
