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
  readonly deadline: NodeJS.Timeout;
  readonly onProgress: (progress: CallProgress) => void;
  readonly settle: (call: FinishedCall | 'overdue' | 'detached') => void;
}

/** How a wait ended: with the terminal row, at the deadline, or because nobody waits any more. */
export type WaitResult = FinishedCall | 'overdue' | 'detached';

/**
 * One map of open waits per process. Each is woken by a signal, found by the sweep when the signal was lost, and
 * ended by its deadline: there is no wait without one.
 */
@Injectable()
export class CallWaiters implements OnApplicationShutdown {
  private readonly waiters = new Map<string, Waiter>();
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
      else if ('progress' in signal) this.waiters.get(signal.progress.id)?.onProgress(signal.progress);
    });
    this.timer = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  get size(): number {
    return this.waiters.size;
  }

  /** Must be called before the row is written, or the answer could come before the wait. */
  open(id: string, remainingMs: number, onProgress: (progress: CallProgress) => void): Promise<WaitResult> {
    return new Promise((resolve) => {
      const settle = (result: WaitResult) => {
        clearTimeout(this.waiters.get(id)?.deadline);
        this.waiters.delete(id);
        this.metrics.waiters.set(this.waiters.size);
        resolve(result);
      };
      const deadline = setTimeout(() => settle('overdue'), Math.max(0, remainingMs));
      this.waiters.set(id, { openedAt: Date.now(), deadline, onProgress, settle });
      this.metrics.waiters.set(this.waiters.size);
    });
  }

  /** Ends the wait, not the call. */
  detach(id: string): void {
    this.waiters.get(id)?.settle('detached');
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

  private async collect(id: string): Promise<void> {
    try {
      const finished = await this.ledger.find(id);
      if (finished) this.waiters.get(id)?.settle(finished);
    } catch (error) {
      this.logger.debug({ err: error }, 'could not read an answer; the sweep asks again');
    }
  }

  private async sweep(): Promise<void> {
    const quietSince = Date.now() - SWEEP_MS;
    const ids = [...this.waiters].filter(([, waiter]) => waiter.openedAt < quietSince).map(([id]) => id);
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
