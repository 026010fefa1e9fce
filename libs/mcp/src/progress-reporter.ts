import { type CallProgress } from '#libs/tools';
import { type ProgressToken, type ServerContext } from '@modelcontextprotocol/server';
import { META } from './call-meta.js';
import { type McpConnection } from './mcp-connection.js';

const HEARTBEAT_MS = 5_000;
const MAX_MESSAGE_CHARS = 120;

/**
 * Turns news of a call into MCP progress: at once, on each phase, and every 5 s by the wall clock, because clients
 * give up on a call that is silent. Values rise strictly; nothing is sent after `stop` or without a token.
 */
export class ProgressReporter {
  private readonly startedAt = Date.now();
  private readonly token: ProgressToken | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private phase = 'accepted, waiting for a worker';
  private sent = 0;
  private lastSentAt = 0;
  private stopped = false;

  constructor(
    private readonly ctx: ServerContext,
    private readonly connection: McpConnection,
    callId: string,
  ) {
    this.token = ctx.mcpReq._meta?.progressToken;
    if (this.token === undefined) return;
    // The id comes first of all: a client that loses its connection can ask for the answer by it.
    this.send(this.phase, { [META.callId]: callId });
    this.timer = setInterval(() => this.beat(), 1_000);
  }

  readonly report = (progress: CallProgress): void => {
    if (progress.kind === 'delta') {
      this.send(progress.text, { [META.delta]: true });
      return;
    }
    this.phase = progress.message;
    this.send(progress.message);
  };

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  private beat(): void {
    if (Date.now() - this.lastSentAt < HEARTBEAT_MS) return;
    this.send(`${this.phase}, ${Math.round((Date.now() - this.startedAt) / 1_000)} s`);
  }

  private send(message: string, meta?: Record<string, unknown>): void {
    if (this.token === undefined || this.stopped || this.ctx.mcpReq.signal.aborted) return;
    if (!this.connection.isWritable()) return;
    this.lastSentAt = Date.now();
    this.sent += 1;
    const text = meta?.[META.delta] === true ? message : message.slice(0, MAX_MESSAGE_CHARS);
    this.ctx.mcpReq
      .notify({
        method: 'notifications/progress',
        params: {
          progressToken: this.token,
          progress: this.sent,
          message: text,
          ...(meta && { _meta: meta }),
        },
      })
      // The connection is gone; the call is not.
      .catch(() => undefined);
  }
}
