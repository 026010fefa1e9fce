import { CONFIG, type Config } from '#libs/config';
import { Metrics } from '#libs/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { BudgetWatch } from './budget-watch.js';
import { CallEnding } from './call-ending.js';
import { CallLedger, type JobTicket } from './call-ledger.js';
import { CallQueue } from './call-queue.js';

const EVERY_MS = 2_000;
/** An open call that nobody touched for this long may have lost its job. Running ones are touched every second. */
const QUIET_MS = 5_000;
const CLAIM_LIMIT = 500;
const PURGE_EVERY_MS = 60_000;

/**
 * Repairs the difference between ledger and queue: open calls without a live job get a new one, calls past their
 * deadline end, old content is dropped, money held for dead workers is given back. Any number may run side by side: claims and compare-and-set keep each row
 * with one of them.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private purgedAt = 0;
  private ran = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly ledger: CallLedger,
    private readonly queue: CallQueue,
    private readonly ending: CallEnding,
    private readonly budget: BudgetWatch,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(Reconciler.name);
  }

  /** Runs once before the gateway listens; a queue that is away does not stop the start, readiness tells it. */
  async onApplicationBootstrap(): Promise<void> {
    await this.sweep();
    this.ran = true;
    this.timer = setInterval(() => {
      this.running ??= this.sweep().finally(() => (this.running = undefined));
    }, EVERY_MS).unref();
  }

  get hasRun(): boolean {
    return this.ran;
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async sweep(): Promise<void> {
    const steps = [
      () => this.expireOverdue(),
      () => this.requeueLost(),
      () => this.measureQueue(),
      () => this.dropOldContent(),
      () => this.budget.check(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        this.logger.warn({ err: error }, 'reconciliation step failed');
      }
    }
  }

  private async expireOverdue(): Promise<void> {
    for (const call of await this.ledger.findOverdue(CLAIM_LIMIT)) await this.ending.expire(call);
  }

  private async requeueLost(): Promise<void> {
    const quiet = await this.ledger.claimQuiet(QUIET_MS, CLAIM_LIMIT);
    if (quiet.length === 0) return;
    const lost: JobTicket[] = [];
    for (const ticket of quiet) {
      if (!(await this.queue.isLive(ticket))) lost.push(ticket);
    }
    const requeued = (await Promise.all(lost.map((ticket) => this.ledger.requeue(ticket)))).filter(
      (ticket) => ticket !== undefined,
    );
    if (requeued.length === 0) return;
    await this.queue.add(requeued);
    this.metrics.callReenqueued.inc({ reason: 'lost' }, requeued.length);
  }

  private async measureQueue(): Promise<void> {
    for (const [state, count] of Object.entries(await this.queue.depth())) {
      this.metrics.queueDepth.set({ state }, count);
    }
  }

  private async dropOldContent(): Promise<void> {
    if (Date.now() - this.purgedAt < PURGE_EVERY_MS) return;
    this.purgedAt = Date.now();
    await this.ledger.dropContent(this.config.queue.resultTtlMs, CLAIM_LIMIT);
  }
}
