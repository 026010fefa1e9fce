import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import type { ResilienceLimits } from './limits.js';
import { ProviderBusy } from './provider-busy.js';

/** Least weight of the newest request in the mean time a slot is held; the first ones replace the guess. */
const NEWEST = 0.1;
const FIRST_GUESS_MS = 1_000;

/** A place that only a call which was sent back before may take. Whoever keeps one gives it up in the end. */
export interface KeptPlace {
  /** Does nothing when the place was taken, or given up before. */
  giveUp(): void;
}

/** Where a provider would put a call that comes now, best first: into a slot, in line for one, or nowhere. */
export const ROOMS = ['free', 'line', 'none'] as const;
export type Room = (typeof ROOMS)[number];

/** Lets only so many requests of one provider out at once; a few more wait here, the others are sent back. */
export class Slots {
  private readonly policy: BulkheadPolicy;
  private readonly line: number;
  /** Oldest first. */
  private readonly kept = new Set<KeptPlace>();
  private waiting = 0;
  private meanMs = FIRST_GUESS_MS;
  private measured = 0;
  /** The turn of the call that was sent back last. */
  private lastTurnAt = 0;

  /** @param onRoom told whenever there may be a place that was taken before */
  constructor(
    private readonly provider: string,
    readonly size: number,
    private readonly limits: ResilienceLimits,
    private readonly onRoom: () => void = () => undefined,
  ) {
    // The library's line is endless: calls that left ours stand in it until a slot is free, and take no time there.
    this.policy = bulkhead(size, Infinity);
    this.line = Math.min(size, limits.lineLength);
  }

  get inFlight(): number {
    return this.size - this.policy.executionSlots;
  }

  /** Whether a call that comes for the first time would be asked at once, would stand in line, or would be sent back. */
  get room(): Room {
    if (this.isFull) return 'none';
    return this.policy.executionSlots > this.kept.size ? 'free' : 'line';
  }

  /** Whether a call that comes for the first time would be sent back. */
  get isFull(): boolean {
    return this.policy.executionSlots + this.line - this.waiting <= this.kept.size;
  }

  /** Keeps a place for a call that was sent back and is on its way here; undefined = there is none. */
  keepPlace(): KeptPlace | undefined {
    if (this.isFull) return undefined;
    const place: KeptPlace = {
      giveUp: () => {
        if (this.kept.delete(place)) this.onRoom();
      },
    };
    this.kept.add(place);
    return place;
  }

  /**
   * @param cameBack the call was sent back before, so the places that are kept are for it
   * @throws ProviderBusy when there is no place, not even in the line.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, cameBack = false): Promise<T> {
    signal.throwIfAborted();
    if (!(cameBack && this.takeKept()) && this.isFull) {
      throw new ProviderBusy(this.provider, this.sendBack(Date.now()), 'full');
    }
    return this.policy.executionSlots > 0 ? this.execute(() => this.timed(work)) : this.wait(signal, work);
  }

  /** Any will do: which of several calls comes first does not matter, and another process may have woken this one. */
  private takeKept(): boolean {
    for (const place of this.kept) return this.kept.delete(place);
    return false;
  }

  private wait<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let waiting: (() => Promise<T>) | undefined = work;
      const leave = (): void => {
        waiting = undefined;
        this.waiting -= 1;
        signal.removeEventListener('abort', onAbort);
        this.onRoom();
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
      this.execute(onTurn).catch(reject);
    });
  }

  private execute<T>(task: () => Promise<T>): Promise<T> {
    return this.policy.execute(task).finally(this.onRoom);
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

  /**
   * Calls that are sent back are woken as places become free; this is when they come by themselves. Twice as late as
   * their turn is expected, so that few do, and spread, so that they do not come together.
   */
  private sendBack(now: number): number {
    const { minPutBackMs, maxPutBackMs } = this.limits;
    const stepMs = this.meanMs / this.size;
    const turnAt = Math.max(this.lastTurnAt, now + stepMs * this.waiting) + stepMs;
    this.lastTurnAt = Math.min(turnAt, now + maxPutBackMs);
    const latestMs = Math.min(maxPutBackMs, (this.lastTurnAt - now) * 2);
    return Math.max(minPutBackMs, Math.round(latestMs * (0.75 + Math.random() / 4)));
  }
}
