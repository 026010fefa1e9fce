import { CALLER_GONE } from '#libs/dispatch';
import { type CallProgress } from '#libs/tools';
import { SdkError, SdkErrorCode, type ServerContext } from '@modelcontextprotocol/server';
import { type McpConnection } from '../mcp-connection.js';
import { ProgressReporter } from './progress-reporter.js';

/** A constant: without a reason, an exception with its stack would be made for each. */
const CANCELLED_BY_CALLER = Symbol('cancelled by the caller');

export interface CallWait {
  /** Aborted with `CALLER_GONE` when nobody waits any more; with anything else when the caller wants no answer. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
}

/** Ties a call to the request that waits for it: its news go there, and its end there may be one of the call. */
export async function whileWaiting<T>(
  ctx: ServerContext,
  connection: McpConnection,
  callId: string,
  work: (wait: CallWait) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const { signal } = ctx.mcpReq;
  const onAbort = () => {
    const keep = isConnectionEnd(signal.reason) && !connection.endCancels();
    abort.abort(keep ? CALLER_GONE : CANCELLED_BY_CALLER);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const progress = new ProgressReporter(ctx, callId);
  try {
    return await work({ signal: abort.signal, onProgress: progress.report });
  } finally {
    progress.stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function isConnectionEnd(reason: unknown): boolean {
  return reason instanceof SdkError && reason.code === SdkErrorCode.ConnectionClosed;
}
