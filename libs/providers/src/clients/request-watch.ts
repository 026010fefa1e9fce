import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';

/** A stream that has begun to speak may fall silent this long. */
const STREAM_IDLE_MS = 20_000;

/** The one signal of a request: aborts when the caller gives up, when time is up, or when a stream falls silent. */
export class RequestWatch {
  /** Why the request was ended by us; undefined while it was not. */
  reason: ExaiError | undefined;
  private readonly controller = new AbortController();
  private readonly total: NodeJS.Timeout;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly caller: AbortSignal,
    private readonly model: ModelCard,
    private readonly timeoutMs: number,
  ) {
    this.total = setTimeout(this.onTimeout, timeoutMs);
    if (caller.aborted) this.onAbort();
    else caller.addEventListener('abort', this.onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  check(): void {
    if (this.reason) throw this.reason;
  }

  /** To be called with every piece of a streamed answer; lines without content do not count. */
  heard(): void {
    if (this.idle) this.idle.refresh();
    else this.idle = setTimeout(this.onIdle, STREAM_IDLE_MS);
  }

  close(): void {
    clearTimeout(this.total);
    clearTimeout(this.idle);
    this.caller.removeEventListener('abort', this.onAbort);
  }

  private readonly onAbort = (): void => {
    const reason: unknown = this.caller.reason;
    this.end(reason instanceof ExaiError ? reason : new ExaiError('CANCELLED', {}, { cause: reason }));
  };

  private readonly onTimeout = (): void => {
    this.endLate('answer', `no complete answer within ${this.timeoutMs / 1000} s`);
  };

  private readonly onIdle = (): void => {
    this.endLate('idle', `the stream was silent for ${STREAM_IDLE_MS / 1000} s`);
  };

  private endLate(stage: string, reason: string): void {
    const { provider, id: model } = this.model;
    this.end(new ExaiError('PROVIDER_TIMEOUT', { provider, model, stage, reason }));
  }

  private end(reason: ExaiError): void {
    this.reason ??= reason;
    this.controller.abort(this.reason);
  }
}
