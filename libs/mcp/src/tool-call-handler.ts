import { mayCall, type Principal } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { CALLER_GONE, ToolDispatcher } from '#libs/dispatch';
import { ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { ErrorReporter, runInContext } from '#libs/observability';
import { ToolCatalog, type CompiledTool, type ToolCall } from '#libs/tools';
import {
  SdkError,
  SdkErrorCode,
  type CallToolRequest,
  type CallToolResult,
  type Implementation,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { v7 as uuidv7 } from 'uuid';
import { clientFilesOf, idempotencyKeyOf, requestedTimeoutMs, traceIdOf } from './call-meta.js';
import { type McpConnection } from './mcp-connection.js';
import { ProgressReporter } from './progress-reporter.js';
import { toProtocolError } from './protocol-errors.js';
import { toCallToolResult, toErrorResult } from './tool-result.js';

/** A constant: without a reason, an exception with its stack would be made for each. */
const CANCELLED_BY_CALLER = Symbol('cancelled by the caller');

const UNKNOWN_CLIENT: Implementation = { name: 'unknown', version: 'unknown' };

/** `tools/call` on every transport: name, arguments, scope and deadline are settled here, once. */
@Injectable()
export class ToolCallHandler {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly catalog: ToolCatalog,
    private readonly dispatcher: ToolDispatcher,
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
    client: Implementation = UNKNOWN_CLIENT,
  ): Promise<CallToolResult> {
    const id = uuidv7();
    const correlationId =
      traceIdOf(ctx.mcpReq._meta?.['traceparent'] ?? ctx.http?.req?.headers.get('traceparent')) ?? id;
    return runInContext({ correlationId, callId: id }, async () => {
      try {
        const tool = this.findTool(request.params.name, connection.principal);
        const identity = { id, tool: request.params.name, correlationId, createdAt: Date.now() };
        const parsed = tool.parse(request.params.arguments ?? {});
        if (!parsed.ok) {
          const error = new ExaiError('INVALID_ARGUMENT', { issues: parsed.issues });
          this.errors.report(toEnvelope(error, { correlationId }), tool.definition.name);
          return toErrorResult(identity, error);
        }
        const clientFiles = clientFilesOf(ctx.mcpReq._meta);
        const call: ToolCall = {
          ...identity,
          args: parsed.args,
          ...(clientFiles && { clientFiles }),
          principal: connection.principal,
          client: { name: client.name, version: client.version },
          sessionId: connection.id,
          transport: connection.transport,
          deadline: identity.createdAt + this.timeoutMs(tool, ctx),
        };
        return await this.run(call, ctx, connection);
      } catch (thrown) {
        const error = toExaiError(thrown);
        this.errors.report(toEnvelope(error, { correlationId }));
        if (error.code === 'INTERNAL') this.logger.error({ err: thrown }, 'tools/call failed');
        throw toProtocolError(error, { correlationId, callId: id });
      }
    });
  }

  private async run(call: ToolCall, ctx: ServerContext, connection: McpConnection): Promise<CallToolResult> {
    const idempotencyKey = idempotencyKeyOf(ctx.mcpReq._meta);
    const abort = new AbortController();
    const { signal } = ctx.mcpReq;
    const onAbort = () => {
      const keep = isConnectionEnd(signal.reason) && !connection.endCancels();
      abort.abort(keep ? CALLER_GONE : CANCELLED_BY_CALLER);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const progress = new ProgressReporter(ctx, connection, call.id);
    try {
      const dispatched = await this.dispatcher.dispatch(call, {
        signal: abort.signal,
        onProgress: progress.report,
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      });
      const { outcome } = dispatched;
      if (!outcome.ok) this.errors.report(outcome.error, call.tool);
      // Inline tools only report on the gateway; thousands a second would drown the calls.
      const level = this.catalog.find(call.tool)?.kind === 'inline' ? 'debug' : 'info';
      this.logger[level](
        {
          tool: call.tool,
          durationMs: Date.now() - call.createdAt,
          outcome: outcome.ok ? outcome.payload.status : outcome.error.code,
        },
        'call ended',
      );
      return toCallToolResult(call, dispatched);
    } finally {
      progress.stop();
      signal.removeEventListener('abort', onAbort);
    }
  }

  private findTool(name: string, principal: Principal): CompiledTool {
    const tool = this.catalog.find(name);
    // One answer for unknown, switched off and forbidden: nobody learns what exists.
    if (!tool || !mayCall(principal, name)) {
      const suggestions = this.catalog.closest(name).filter((other) => mayCall(principal, other));
      throw new ExaiError('TOOL_NOT_FOUND', { tool: name.slice(0, 64), suggestions });
    }
    return tool;
  }

  /** The tool's own limit plus a tenth, which the caller may shorten; never above the gateway's limit. */
  private timeoutMs(tool: CompiledTool, ctx: ServerContext): number {
    const own = this.catalog.timeoutMs(tool) * 1.1;
    const asked = requestedTimeoutMs(ctx.mcpReq._meta);
    return Math.min(asked ?? own, own, this.config.limits.maxCallMs);
  }
}

function isConnectionEnd(reason: unknown): boolean {
  return reason instanceof SdkError && reason.code === SdkErrorCode.ConnectionClosed;
}
