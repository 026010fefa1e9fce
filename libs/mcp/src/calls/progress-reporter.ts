import { type CallProgress } from '#libs/tools';
import { type ProgressToken, type ServerContext } from '@modelcontextprotocol/server';
import { META } from '../call-meta.js';

/** With the beat, a client hears something at least every five seconds. */
const QUIET_MS = 4_000;
const BEAT_MS = 1_000;
const MAX_MESSAGE_CHARS = 120;
/** So much rises what has no value of its own: far less than the steps that tools count in. */
const SMALLEST_STEP = 0.001;
/** Proxies cut streams that last; the client of a released one comes back for the answer. */
const RELEASE_AFTER_MS = 5 * 60_000;

/**
 * Turns news of a call into messages of the protocol. Progress at once, on each phase, and every few seconds by the
 * wall clock, because clients give up on a call that is silent; its values rise strictly, and nothing is sent after
 * `stop` or without a token.
 */
export class ProgressReporter {
  private readonly startedAt = Date.now();
  private readonly token: ProgressToken | undefined;
  private readonly beatTimer: NodeJS.Timeout | undefined;
  private readonly releaseTimer: NodeJS.Timeout | undefined;
  private phase = 'accepted, waiting for a worker';
  private total: number | undefined;
  private last = -SMALLEST_STEP;
  private lastSentAt = 0;
  private stopped = false;

  constructor(
    private readonly ctx: ServerContext,
    callId: string,
  ) {
    this.token = ctx.mcpReq._meta?.progressToken;
    if (ctx.http?.closeSSE) this.releaseTimer = setTimeout(() => this.release(), RELEASE_AFTER_MS);
    if (this.token === undefined) return;
    // The id comes first of all: a client that loses its connection can ask for the answer by it.
    this.send(this.phase, undefined, { [META.callId]: callId });
    this.beatTimer = setInterval(() => this.beat(), BEAT_MS);
  }

  readonly report = (progress: CallProgress): void => {
    switch (progress.kind) {
      case 'delta':
        this.send(progress.text, undefined, { [META.delta]: true });
        break;
      case 'phase':
        this.phase = progress.message;
        this.total = progress.total;
        this.send(progress.message, progress.progress);
        break;
      case 'log':
        this.log(progress);
        break;
      case 'release':
        this.release();
        break;
    }
  };

  stop(): void {
    this.stopped = true;
    clearInterval(this.beatTimer);
    clearTimeout(this.releaseTimer);
  }

  private beat(): void {
    if (Date.now() - this.lastSentAt < QUIET_MS) return;
    this.send(`${this.phase}, ${Math.round((Date.now() - this.startedAt) / 1_000)} s`);
  }

  private send(message: string, value?: number, meta?: Record<string, unknown>): void {
    if (this.token === undefined || !this.canSend()) return;
    this.lastSentAt = Date.now();
    this.last = risen(this.last, value);
    const text = meta?.[META.delta] === true ? message : message.slice(0, MAX_MESSAGE_CHARS);
    this.ctx.mcpReq
      .notify({
        method: 'notifications/progress',
        params: {
          progressToken: this.token,
          progress: this.last,
          ...(this.total !== undefined && { total: this.total }),
          message: text,
          ...(meta && { _meta: meta }),
        },
      })
      // The connection is gone; the call is not.
      .catch(() => undefined);
  }

  /** Which levels a client wants to see, and whether any, the protocol layer knows. */
  private log({ level, data, logger }: Extract<CallProgress, { kind: 'log' }>): void {
    if (!this.canSend()) return;
    this.ctx.mcpReq.log(level, data, logger).catch(() => undefined);
  }

  /** Of a 2025 revision over HTTP only: elsewhere there is no stream that could be taken up again. */
  private release(): void {
    if (!this.stopped) this.ctx.http?.closeSSE?.();
  }

  private canSend(): boolean {
    return !this.stopped && !this.ctx.mcpReq.signal.aborted;
  }
}

function risen(last: number, value: number | undefined): number {
  if (value !== undefined && value > last) return value;
  const next = Math.round((last + SMALLEST_STEP) / SMALLEST_STEP) * SMALLEST_STEP;
  const rounded = Number(next.toFixed(3));
  return rounded > last ? rounded : last + SMALLEST_STEP;
}
