import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import type { ResilienceLimits } from './limits.js';
import { ProviderBusy } from './provider-busy.js';

/** Least weight of the newest request in the mean time a slot is held; the first ones replace the guess. */
const NEWEST = 0.1;
const FIRST_GUESS_MS = 1_000;
const JITTER = 0.1;

/** Lets only so many requests of one provider out at once; a few more wait here, the others are sent back. */
export class Slots {
  private readonly policy: BulkheadPolicy;
  private readonly line: number;
  private waiting = 0;
  private meanMs = FIRST_GUESS_MS;
  private measured = 0;
  /** The turn of the call that was sent back last. */
  private lastTurnAt = 0;

  constructor(
    private readonly provider: string,
    readonly size: number,
    private readonly limits: ResilienceLimits,
  ) {
    // The library's line is endless: calls that left ours stand in it until a slot is free, and take no time there.
    this.policy = bulkhead(size, Infinity);
    this.line = Math.min(size, limits.lineLength);
  }

  get inFlight(): number {
    return this.size - this.policy.executionSlots;
  }

  /** Milliseconds until a further request would be taken; undefined = it is now. */
  busyFor(now: number = Date.now()): number | undefined {
    if (this.hasPlace()) return undefined;
    return clamp(this.nextTurn(now) - now, this.limits.minPutBackMs, this.limits.maxPutBackMs);
  }

  /** @throws ProviderBusy when no place is free, not even in the line. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.policy.executionSlots > 0) return this.policy.execute(() => this.timed(work));
    if (!this.hasPlace()) throw new ProviderBusy(this.provider, this.sendBack(Date.now()), 'full');
    return this.wait(signal, work);
  }

  private hasPlace(): boolean {
    return this.policy.executionSlots > 0 || this.waiting < this.line;
  }

  private wait<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let waiting: (() => Promise<T>) | undefined = work;
      const leave = (): void => {
        waiting = undefined;
        this.waiting -= 1;
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      this.waiting += 1;
      signal.addEventListener('abort', onAbort, { once: true });
      const onTurn = async (): Promise<void> => {
        const task = waiting;
        if (!task) return;
        leave();
        resolve(await this.timed(task));
      };
      // No signal goes to the library: it would drop a cancelled request without handing its slot on.
      this.policy.execute(onTurn).catch(reject);
    });
  }

  private async timed<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.measured += 1;
      this.meanMs += (performance.now() - startedAt - this.meanMs) * Math.max(NEWEST, 1 / this.measured);
    }
  }

  /** Calls that are sent back come again one after the other, as slots become free, not all at once. */
  private sendBack(now: number): number {
    const { minPutBackMs, maxPutBackMs } = this.limits;
    const horizon = now + maxPutBackMs;
    this.lastTurnAt = Math.min(this.nextTurn(now), horizon);
    const share = Math.random();
    // Beyond the horizon turns are not kept apart any more, so those calls are spread over half of it.
    if (this.lastTurnAt === horizon) return Math.round(maxPutBackMs * (0.5 + share / 2));
    const jittered = (this.lastTurnAt - now) * (1 + (share - 0.5) * JITTER);
    return Math.round(clamp(jittered, minPutBackMs, maxPutBackMs));
  }

  private nextTurn(now: number): number {
    const stepMs = this.meanMs / this.size;
    return Math.max(this.lastTurnAt, now + stepMs * this.waiting) + stepMs;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
