import { Metrics } from '#libs/observability';
import { type CallProgress, type InputKind } from '#libs/tools';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { canAnswer } from './can-answer.js';
import { CallLedger } from './call-ledger.js';
import { CallQuestions, type OpenQuestion } from './call-questions.js';
import { CallSignals } from './call-signals.js';
import { type FinishedCall } from './call-state.js';

const SWEEP_MS = 1_000;

export interface WaitOptions {
  readonly onProgress: (progress: CallProgress) => void;
  /** What whoever waits can be asked for: a question of another kind does not end the wait. Absent = anything. */
  readonly asks?: readonly InputKind[] | undefined;
  /** The last question that was answered already; default 0, none. */
  readonly afterRound?: number;
}

interface Waiter extends Required<Omit<WaitOptions, 'asks'>> {
  readonly openedAt: number;
  readonly asks: readonly InputKind[] | undefined;
  readonly deadline: NodeJS.Timeout;
  readonly settle: (result: WaitResult) => void;
}

/** How a wait ended: with the terminal row, a question, at the deadline, or because nobody waits any more. */
export type WaitResult = FinishedCall | OpenQuestion | 'overdue' | 'detached';

export interface Wait {
  readonly result: Promise<WaitResult>;
  /** Ends the wait, not the call. */
  readonly detach: () => void;
}

/**
 * One map of open waits per process, any number of them for a call. Each is woken by a signal, found by the sweep when
 * the signal was lost, and ended by its deadline: there is no wait without one.
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
    private readonly questions: CallQuestions,
    signals: CallSignals,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(CallWaiters.name);
    this.unsubscribe = signals.subscribe((signal) => {
      if ('done' in signal) this.wake(signal.done);
      else if ('asked' in signal) void this.collectAsked(signal.asked);
      else if ('progress' in signal) this.tell(signal.progress);
    });
    this.timer = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  get size(): number {
    return this.count;
  }

  /** Must be called before the row is written, or the answer could come before the wait. */
  open(id: string, remainingMs: number, { onProgress, asks, afterRound = 0 }: WaitOptions): Wait {
    let resolve: (result: WaitResult) => void;
    const result = new Promise<WaitResult>((settled) => (resolve = settled));
    const settle = (end: WaitResult) => {
      clearTimeout(deadline);
      this.remove(id, waiter);
      resolve(end);
    };
    const deadline = setTimeout(() => settle('overdue'), Math.max(0, remainingMs));
    const waiter: Waiter = { openedAt: Date.now(), onProgress, asks, afterRound, deadline, settle };
    this.add(id, waiter);
    return { result, detach: () => settle('detached') };
  }

  /** As `open`, for a call that was accepted before and may have ended or asked already. */
  join(id: string, remainingMs: number, options: WaitOptions): Wait {
    const wait = this.open(id, remainingMs, options);
    void this.collect(id);
    void this.collectAsked([id]);
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
    // Nobody is left to be answered; the timers would keep the process alive.
    for (const waiting of this.waiters.values()) for (const { deadline } of waiting) clearTimeout(deadline);
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

  private async collectAsked(ids: readonly string[]): Promise<void> {
    const awaited = ids.filter((id) => this.waiters.has(id));
    if (awaited.length === 0) return;
    try {
      for (const question of await this.questions.open(awaited)) this.tellQuestion(question);
    } catch (error) {
      this.logger.debug({ err: error }, 'could not read a question; the sweep asks again');
    }
  }

  /** @returns whether anybody had not heard of it */
  private tellQuestion(question: OpenQuestion): boolean {
    const hearing = [...(this.waiters.get(question.id) ?? [])].filter(
      // The question of an earlier round was read before its answer was written.
      ({ afterRound, asks }) => question.round > afterRound && canAnswer(asks, question.pending),
    );
    for (const { settle } of hearing) settle(question);
    return hearing.length > 0;
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
      const unheard = (await this.questions.open(ids)).filter((question) => this.tellQuestion(question));
      this.metrics.waitersSwept.inc(unheard.length);
    } catch (error) {
      this.logger.debug({ err: error }, 'sweep failed');
    } finally {
      this.sweeping = false;
    }
  }
}
