import { toEnvelope, type ErrorEnvelope, type ExaiError } from '#libs/errors';
import { type CallReport, type DispatchedOutcome } from '#libs/dispatch';
import { type ToolCall, type ToolPayload } from '#libs/tools';
import { type CallToolResult, type ContentBlock } from '@modelcontextprotocol/server';
import { META } from '../call-meta.js';

export type CallIdentity = Pick<ToolCall, 'id' | 'tool' | 'correlationId' | 'createdAt'>;

/** The outcome of an accepted call, as MCP result: failures too, so that the session stays open. */
export function toCallToolResult(call: CallIdentity, dispatched: DispatchedOutcome): CallToolResult {
  const { replayed } = dispatched;
  if (!replayed) return resultOf(call, dispatched);
  const result = resultOf({ ...call, ...replayed }, dispatched);
  return { ...result, _meta: { ...result._meta, [META.replayed]: true } };
}

function resultOf(call: CallIdentity, { outcome, resultJson }: DispatchedOutcome): CallToolResult {
  if (!outcome.ok) return failure(call, outcome.error, outcome.partial);
  const { payload } = outcome;
  return {
    ...(payload.blocks
      ? contentInBlocks(payload)
      : {
          content: [{ type: 'text', text: resultJson ?? JSON.stringify(payload) }],
          structuredContent: payload,
        }),
    ...(isErrorStatus(payload.status) && { isError: true }),
    _meta: { ...identity(call), ...errorOf(payload) },
  };
}

/** What the tool put into blocks stands there only. */
function contentInBlocks({ blocks, ...payload }: ToolPayload): CallToolResult {
  return { content: blocks as unknown as ContentBlock[], structuredContent: payload };
}

/** As the caller of a call got it, or would have; undefined when its answer is no longer kept, or while it is open. */
export function reportedResult(report: CallReport): CallToolResult | undefined {
  const { id, tool, correlationId, acceptedAt, finishedAt, result, error } = report;
  const call = { id, tool, correlationId, createdAt: acceptedAt.getTime() };
  if (error) return failure(call, error, result ?? undefined, finishedAt?.getTime());
  return result ? resultOf(call, { outcome: { ok: true, payload: result } }) : undefined;
}

/** An error that the model can read and act on, for calls that never reached the queue. */
export function toErrorResult(call: CallIdentity, error: ExaiError): CallToolResult {
  return failure(call, toEnvelope(error, { correlationId: call.correlationId, callId: call.id }));
}

/** @param partial work that was done before the call failed; clients that show text only get it too */
function failure(
  call: CallIdentity,
  error: ErrorEnvelope,
  partial?: ToolPayload,
  endedAt = Date.now(),
): CallToolResult {
  const text = `${error.message} ${error.hint} (correlation id ${error.correlationId})`;
  return {
    isError: true,
    content: [
      { type: 'text', text },
      ...(partial ? [{ type: 'text' as const, text: JSON.stringify(partial) }] : []),
    ],
    structuredContent: {
      ...partial,
      status: 'error',
      error,
      metadata: {
        ...partial?.metadata,
        tool_name: call.tool,
        correlation_id: call.correlationId,
        duration_ms: Math.max(0, endedAt - call.createdAt),
      },
    },
    _meta: { ...identity(call), [META.error]: error },
  };
}

function identity(call: CallIdentity): Record<string, string> {
  return { [META.callId]: call.id, [META.correlationId]: call.correlationId };
}

/** A call that hands on how another one failed says so in the same place as that one did. */
function errorOf({ status, error }: ToolPayload): Record<string, unknown> {
  return status === 'error' && error !== undefined ? { [META.error]: error } : {};
}

function isErrorStatus(status: string): boolean {
  return status === 'error' || status.endsWith('_failed');
}
