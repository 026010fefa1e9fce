import { type CallProgress } from '../tool.js';

/** One of those who wait for a run. */
export interface Waiter {
  /** Ends the wait; the run goes on while anybody else waits. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
}

export interface SharedOutcome<T> {
  readonly outcome: T;
  /** Exactly one of those who got it is told so: whoever has waited longest. */
  readonly isFirst: boolean;
}

/** Work that is under way, by what it is about: who asks for the same meanwhile gets the same outcome. */
export class SharedRuns<T> {
  private readonly running = new Map<string, SharedRun<T>>();

  /**
   * @param start begins the work; its signal aborts once nobody waits any more, its news goes to all
   * @throws what the work throws, to all; the reason of the waiter's own signal, to that one
   */
  join(key: string, waiter: Waiter, start: (shared: Waiter) => Promise<T>): Promise<SharedOutcome<T>> {
    waiter.signal.throwIfAborted();
    const found = this.running.get(key);
    // What everybody has left is about to end without an outcome.
    if (found && !found.isLeft) return found.wait(waiter);
    const run = new SharedRun(start);
    this.running.set(key, run);
    const forget = (): void => {
      if (this.running.get(key) === run) this.running.delete(key);
    };
    run.outcome.then(forget, forget);
    return run.wait(waiter);
  }
}

class SharedRun<T> {
  readonly outcome: Promise<T>;
  private readonly abort = new AbortController();
  private readonly waiters = new Set<Waiter>();

  constructor(start: (shared: Waiter) => Promise<T>) {
    const onProgress = (progress: CallProgress): void => {
      for (const waiter of this.waiters) waiter.onProgress(progress);
    };
    this.outcome = start({ signal: this.abort.signal, onProgress });
  }

  get isLeft(): boolean {
    return this.abort.signal.aborted;
  }

  async wait(waiter: Waiter): Promise<SharedOutcome<T>> {
    const { signal } = waiter;
    let leave = (): void => undefined;
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => {
        this.waiters.delete(waiter);
        // The last one sees the work end, so that nothing of it runs on unseen.
        if (this.waiters.size === 0) this.abort.abort(signal.reason);
        else reject(signal.reason as Error);
      };
    });
    this.waiters.add(waiter);
    signal.addEventListener('abort', leave, { once: true });
    try {
      const outcome = await Promise.race([this.outcome, left]);
      const [first] = this.waiters;
      return { outcome, isFirst: first === undefined || first === waiter };
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
