import { Metrics } from '#libs/observability';
import { type CallProgress } from '#libs/tools';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CallLedger } from './call-ledger.js';
import { CallSignals } from './call-signals.js';
import { type FinishedCall } from './call-state.js';

const SWEEP_MS = 1_000;

interface Waiter {
  readonly openedAt: number;
  readonly onProgress: (progress: CallProgress) => void;
  readonly settle: (call: FinishedCall | 'overdue' | 'detached') => void;
}

/** How a wait ended: with the terminal row, at the deadline, or because nobody waits any more. */
export type WaitResult = FinishedCall | 'overdue' | 'detached';

export interface Wait {
  readonly result: Promise<WaitResult>;
  /** Ends the wait, not the call. */
  readonly detach: () => void;
}

/**
 * One map of open waits per process, any number of them for a call. Each is woken by a signal, found by the sweep when the signal was lost, and
 * ended by its deadline: there is no wait without one.
 */
@Injectable()
export class CallWaiters implements OnApplicationShutdown {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private count = 0;
  private readonly timer: NodeJS.Timeout;
  private readonly unsubscribe: () => void;
  private sweeping = false;

  constructor(
    private readonly ledger: CallLedger,
    signals: CallSignals,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(CallWaiters.name);
    this.unsubscribe = signals.subscribe((signal) => {
      if ('done' in signal) this.wake(signal.done);
      else if ('progress' in signal) this.tell(signal.progress);
    });
    this.timer = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  get size(): number {
    return this.count;
  }

  /** Must be called before the row is written, or the answer could come before the wait. */
  open(id: string, remainingMs: number, onProgress: (progress: CallProgress) => void): Wait {
    let resolve: (result: WaitResult) => void;
    const result = new Promise<WaitResult>((settled) => (resolve = settled));
    const settle = (end: WaitResult) => {
      clearTimeout(deadline);
      this.remove(id, waiter);
      resolve(end);
    };
    const deadline = setTimeout(() => settle('overdue'), Math.max(0, remainingMs));
    const waiter: Waiter = { openedAt: Date.now(), onProgress, settle };
    this.add(id, waiter);
    return { result, detach: () => settle('detached') };
  }

  /** As `open`, for a call that was accepted before and may have ended already. */
  join(id: string, remainingMs: number, onProgress: (progress: CallProgress) => void): Wait {
    const wait = this.open(id, remainingMs, onProgress);
    void this.collect(id);
    return wait;
  }

  wake(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.waiters.has(id)) void this.collect(id);
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.unsubscribe();
  }

  private add(id: string, waiter: Waiter): void {
    const waiting = this.waiters.get(id);
    if (waiting) waiting.add(waiter);
    else this.waiters.set(id, new Set([waiter]));
    this.count += 1;
    this.metrics.waiters.set(this.count);
  }

  private remove(id: string, waiter: Waiter): void {
    const waiting = this.waiters.get(id);
    if (!waiting?.delete(waiter)) return;
    if (waiting.size === 0) this.waiters.delete(id);
    this.count -= 1;
    this.metrics.waiters.set(this.count);
  }

  private tell(progress: CallProgress & { readonly id: string }): void {
    for (const { onProgress } of this.waiters.get(progress.id) ?? []) onProgress(progress);
  }

  private async collect(id: string): Promise<void> {
    try {
      const finished = await this.ledger.find(id);
      if (!finished) return;
      for (const { settle } of [...(this.waiters.get(id) ?? [])]) settle(finished);
    } catch (error) {
      this.logger.debug({ err: error }, 'could not read an answer; the sweep asks again');
    }
  }

  private async sweep(): Promise<void> {
    const quietSince = Date.now() - SWEEP_MS;
    const isQuiet = ({ openedAt }: Waiter) => openedAt < quietSince;
    const ids = [...this.waiters].filter(([, waiting]) => [...waiting].some(isQuiet)).map(([id]) => id);
    if (ids.length === 0 || this.sweeping) return;
    this.sweeping = true;
    try {
      const finished = await this.ledger.findFinished(ids);
      const missed = finished.filter((id) => this.waiters.has(id));
      this.metrics.waitersSwept.inc(missed.length);
      this.wake(missed);
    } catch (error) {
      this.logger.debug({ err: error }, 'sweep failed');
    } finally {
      this.sweeping = false;
    }
  }
}
