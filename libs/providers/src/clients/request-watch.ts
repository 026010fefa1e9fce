import { ExaiError } from '#libs/errors';
import type { ClientTimeouts } from '../define.js';
import type { ModelCard } from '../catalogue/model-card.js';

/** What is asked; a request that concerns no model, such as one for a file, gives the provider alone. */
export type WatchedTarget = Pick<ModelCard, 'provider'> &
  Partial<Pick<ModelCard, 'id' | 'timeoutMultiplier'>>;

/** The limit of time that was passed. The connections have one of their own, `connect`. */
type Stage = 'first_byte' | 'idle' | 'total';

/**
 * The one signal of a request: aborts when the caller gives up, when time is up, or when a stream falls silent.
 * A whole answer sends its headers when it is finished, so it is held to the total alone.
 */
export class RequestWatch {
  /** Why the request was ended by us; undefined while it was not. */
  reason: ExaiError | undefined;
  private readonly controller = new AbortController();
  private readonly multiplier: number;
  private readonly total: NodeJS.Timeout;
  private readonly firstByte: NodeJS.Timeout | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly caller: AbortSignal,
    private readonly target: WatchedTarget,
    private readonly timeouts: ClientTimeouts,
    private readonly options: { readonly streamed: boolean },
  ) {
    this.multiplier = target.timeoutMultiplier ?? 1;
    this.total = setTimeout(this.onTotal, timeouts.totalMs * this.multiplier);
    if (options.streamed) {
      this.firstByte = setTimeout(this.onFirstByte, timeouts.firstByteMs * this.multiplier);
    }
    if (caller.aborted) this.onAbort();
    else caller.addEventListener('abort', this.onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  check(): void {
    if (this.reason) throw this.reason;
  }

  /** To be called when the headers of the answer are there. */
  gotHeaders(): void {
    clearTimeout(this.firstByte);
    if (this.options.streamed && !this.reason) {
      this.idle ??= setTimeout(this.onIdle, this.timeouts.idleMs * this.multiplier);
    }
  }

  /** To be called with every piece of a streamed answer; lines without content do not count. */
  heard(): void {
    this.idle?.refresh();
  }

  close(): void {
    clearTimeout(this.total);
    clearTimeout(this.firstByte);
    clearTimeout(this.idle);
    this.caller.removeEventListener('abort', this.onAbort);
  }

  private readonly onAbort = (): void => {
    const reason: unknown = this.caller.reason;
    this.end(reason instanceof ExaiError ? reason : new ExaiError('CANCELLED', {}, { cause: reason }));
  };

  private readonly onTotal = (): void => {
    this.endLate('total', `no complete answer within ${this.seconds(this.timeouts.totalMs)} s`);
  };

  private readonly onFirstByte = (): void => {
    this.endLate('first_byte', `no answer began within ${this.seconds(this.timeouts.firstByteMs)} s`);
  };

  private readonly onIdle = (): void => {
    this.endLate('idle', `the stream was silent for ${this.seconds(this.timeouts.idleMs)} s`);
  };

  private seconds(ms: number): number {
    return (ms * this.multiplier) / 1000;
  }

  private endLate(stage: Stage, reason: string): void {
    const { provider, id: model } = this.target;
    this.end(
      new ExaiError('PROVIDER_TIMEOUT', { provider, ...(model !== undefined && { model }), stage, reason }),
    );
  }

  private end(reason: ExaiError): void {
    this.reason ??= reason;
    this.controller.abort(this.reason);
  }
}
