import { CONFIG, type Config } from '#libs/config';
import { ToolDispatcher, type Dispatched, type DispatchOptions } from '#libs/dispatch';
import { errorFromEnvelope, ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { ErrorReporter, runInContext } from '#libs/observability';
import { ToolCatalog, type CompiledTool, type ToolCall } from '#libs/tools';
import {
  ProtocolError,
  type CallToolRequest,
  type CallToolResult,
  type InputRequiredResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { v7 as uuidv7 } from 'uuid';
import { answerLimit, inProgressResult, type AnswerLimit } from './answer-limit.js';
import {
  clientFilesOf,
  IDEMPOTENCY_HEADER,
  idempotencyKeyOf,
  requestedTimeoutMs,
  traceOf,
} from '../call-meta.js';
import { type RequestingClient } from '../client-abilities.js';
import { firstQuestions, withFirstAnswers } from './first-questions.js';
import { type McpConnection } from '../mcp-connection.js';
import { permittedTool } from './permitted-tool.js';
import { toProtocolError } from '../protocol-errors.js';
import { askedResult, carriedFor, requestHash, RequestStates, type CarriedState } from '../request-state.js';
import { TaskDesk } from '../tasks/task-desk.js';
import { type CreateTaskResult } from '../tasks/task.js';
import { toCallToolResult, toErrorResult, type CallIdentity } from './tool-result.js';
import { whileWaiting, type CallWait } from './waiting-request.js';

/** An answer, questions to the caller, or a task to look after. */
export type ToolCallAnswer = CallToolResult | InputRequiredResult | CreateTaskResult;

interface Asking {
  readonly request: CallToolRequest;
  readonly ctx: ServerContext;
  readonly connection: McpConnection;
  readonly client: RequestingClient;
  readonly identity: CallIdentity;
  /** When the client began to wait. Since 2026-07-28 an answer to a question is a request of its own. */
  readonly since: number;
}

/** `tools/call` on every transport: name, arguments, scope and deadline are settled here, once. */
@Injectable()
export class ToolCallHandler {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly catalog: ToolCatalog,
    private readonly dispatcher: ToolDispatcher,
    private readonly states: RequestStates,
    private readonly tasks: TaskDesk,
    private readonly errors: ErrorReporter,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ToolCallHandler.name);
  }

  /** @throws ProtocolError when the call is refused before it was taken on */
  async handle(
    request: CallToolRequest,
    ctx: ServerContext,
    connection: McpConnection,
    client: RequestingClient,
  ): Promise<ToolCallAnswer> {
    const carried = ctx.mcpReq.requestState<CarriedState>();
    const id = carried?.call?.id ?? uuidv7();
    const correlationId = carried?.call?.correlationId ?? traceOf(ctx) ?? id;
    return runInContext({ correlationId, callId: id }, async () => {
      try {
        const identity = { id, tool: request.params.name, correlationId, createdAt: Date.now() };
        const since = (!client.isModern && carried?.since) || identity.createdAt;
        return await this.answer({ request, ctx, connection, client, identity, since }, carried);
      } catch (thrown) {
        if (thrown instanceof ProtocolError) throw thrown;
        const error = toExaiError(thrown);
        this.errors.report(toEnvelope(error, { correlationId }));
        if (error.code === 'INTERNAL') this.logger.error({ err: thrown }, 'tools/call failed');
        throw toProtocolError(error, { correlationId, callId: id });
      }
    });
  }

  private answer(asking: Asking, carried: CarriedState | undefined): Promise<ToolCallAnswer> {
    const { request, connection, ctx } = asking;
    const tool = permittedTool(this.catalog, request.params.name, connection.principal);
    const { call } = carriedFor(request, carried);
    if (!call) return this.begin(asking, tool);
    const responses = ctx.mcpReq.inputResponses ?? {};
    const deadline = asking.identity.createdAt + this.timeoutMs(tool, ctx);
    return this.wait(asking, tool, (wait) =>
      this.dispatcher.resume(connection.principal, call.id, responses, {
        ...wait,
        deadline,
        round: call.round,
      }),
    );
  }

  private async begin(asking: Asking, tool: CompiledTool): Promise<ToolCallAnswer> {
    const { request, ctx, connection, client, identity, since } = asking;
    const { definition } = tool;
    const parsed = tool.parse(request.params.arguments ?? {});
    if (!parsed.ok) {
      const error = new ExaiError('INVALID_ARGUMENT', { issues: parsed.issues });
      this.errors.report(toEnvelope(error, { correlationId: identity.correlationId }), definition.name);
      return toErrorResult(identity, error);
    }
    if (definition.task === 'required') this.tasks.requireKnown(client);
    const responses = ctx.mcpReq.inputResponses;
    const questions = firstQuestions(definition, parsed.args, client, responses);
    if (questions) {
      const requestState = await this.states.seal(
        { request: requestHash(request), since },
        ctx,
        connection.principal,
      );
      return askedResult(questions, requestState);
    }
    const clientFiles = clientFilesOf(ctx.mcpReq._meta);
    const call: ToolCall = {
      ...identity,
      args: withFirstAnswers(definition, parsed.args, responses),
      ...(clientFiles && { clientFiles }),
      ...(client.asks.length > 0 && { asks: client.asks }),
      ...(responses && { inputResponses: responses }),
      principal: connection.principal,
      client: { name: client.info.name, version: client.info.version },
      sessionId: connection.id,
      transport: connection.transport,
      deadline: identity.createdAt + this.timeoutMs(tool, ctx),
    };
    const idempotencyKey = idempotencyKeyOf(ctx.mcpReq._meta, ctx.http?.req?.headers.get(IDEMPOTENCY_HEADER));
    if (this.tasks.afterMs(definition, client) === 0) {
      return this.tasks.created(connection.principal, await this.dispatcher.accept(call, { idempotencyKey }));
    }
    return this.wait(asking, tool, (wait) =>
      this.dispatcher.dispatch(call, {
        ...wait,
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      }),
    );
  }

  private async wait(
    asking: Asking,
    tool: CompiledTool,
    work: (wait: CallWait & Pick<DispatchOptions, 'becomeTaskAfterMs'>) => Promise<Dispatched>,
  ): Promise<ToolCallAnswer> {
    const { request, ctx, connection, client, identity, since } = asking;
    const limit = answerLimitOf(asking, tool);
    const becomeTaskAfterMs = this.tasks.afterMs(tool.definition, client) ?? limit?.afterMs;
    const dispatched = await whileWaiting(ctx, connection, identity.id, (wait) =>
      work(becomeTaskAfterMs === undefined ? wait : { ...wait, becomeTaskAfterMs }),
    );
    if ('pending' in dispatched) {
      const { pending } = dispatched;
      if (limit) return inProgressResult(identity, pending, limit);
      return this.tasks.created(connection.principal, pending);
    }
    if ('asked' in dispatched) {
      const { asked, call, round } = dispatched;
      const state = { request: requestHash(request), call: { ...call, round }, since };
      const requestState = await this.states.seal(state, ctx, connection.principal);
      return askedResult(asked, requestState);
    }
    const { outcome } = dispatched;
    if (!outcome.ok) this.errors.report(outcome.error, tool.definition.name);
    // Inline tools only report on the gateway; thousands a second would drown the calls.
    this.logger[tool.kind === 'inline' ? 'debug' : 'info'](
      {
        tool: identity.tool,
        durationMs: Date.now() - identity.createdAt,
        outcome: outcome.ok ? outcome.payload.status : outcome.error.code,
      },
      'call ended',
    );
    // Since 2026-07-28 this one is an error of the protocol, wherever it is found out.
    if (!outcome.ok && outcome.error.code === 'MISSING_CLIENT_CAPABILITY' && client.isModern) {
      throw errorFromEnvelope(outcome.error);
    }
    return toCallToolResult(identity, dispatched);
  }

  /** The tool's own limit plus a tenth, which the caller may shorten; never above the gateway's limit. */
  private timeoutMs(tool: CompiledTool, ctx: ServerContext): number {
    const own = this.catalog.timeoutMs(tool) * 1.1;
    const asked = requestedTimeoutMs(ctx.mcpReq._meta);
    return Math.min(asked ?? own, own, this.config.limits.maxCallMs);
  }
}

/** Inline tools answer in time or, as `call_result`, have a limit of their own. */
function answerLimitOf({ ctx, client, since }: Asking, { kind }: CompiledTool): AnswerLimit | undefined {
  return kind === 'inline' ? undefined : answerLimit(ctx.mcpReq._meta, client, Date.now() - since);
}
