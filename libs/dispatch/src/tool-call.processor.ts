import { CONFIG, type Config } from '#libs/config';
import { toEnvelope, type ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import { PinoLogger } from 'nestjs-pino';
import { type AttemptEnd, AttemptRunner, WorkerStopping } from './attempt-runner.js';
import { CallLedger, type JobTicket } from './call-ledger.js';
import { TOOL_CALLS_QUEUE } from './call-queue.js';
import { type StartedAttempt } from './call-state.js';
import { PostponedCalls } from './postponed-calls.js';
import { RunningAttempts } from './running-attempts.js';
import { WaitingParents } from './waiting-parents.js';

/** A killed worker's jobs run again after 5 to 10 s; BullMQ's default would take a minute. */
const LOCK_MS = 5_000;

/** Carries the delay that the attempt policy chose to BullMQ's backoff. */
class TryAgain extends Error {
  constructor(
    message: string,
    readonly delayMs: number,
  ) {
    super(message);
  }
}

@Processor(TOOL_CALLS_QUEUE, {
  autorun: false,
  lockDuration: LOCK_MS,
  stalledInterval: LOCK_MS / 2,
  maxStalledCount: 3,
  settings: {
    backoffStrategy: (_attemptsMade, _type, error) => (error instanceof TryAgain ? error.delayMs : 0),
  },
})
export class ToolCallProcessor extends WorkerHost implements OnApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly ledger: CallLedger,
    private readonly runner: AttemptRunner,
    private readonly running: RunningAttempts,
    private readonly postponed: PostponedCalls,
    private readonly parents: WaitingParents,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    super();
    logger.setContext(ToolCallProcessor.name);
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.queue.workerConcurrency;
    this.worker
      .run()
      .catch((error: unknown) => this.logger.error({ err: error }, 'the queue worker stopped'));
  }

  // BullMQ's own abort signal stays unused: `RunningAttempts` aborts by the ledger, also for other processes.
  async process(job: Job<JobTicket>, token?: string): Promise<string> {
    const attempt = await this.ledger.start(job.data);
    const end = attempt && (await this.run(attempt, job, token));
    this.postponed.settle(job.data.callId);
    if (!attempt || !end) return this.dropped(job.data);
    if (end.kind === 'postponed') {
      // Unlike a failure, this leaves the count of attempts as it is.
      const dueAt = Date.now() + end.delayMs;
      await job.moveToDelayed(dueAt, token);
      const { waitsFor } = end;
      const { id: callId, createdAt } = attempt.call;
      // Not `promote`: on PostgreSQL it puts a job at the end of the queue, and back into it one that was just taken.
      const wake = (): Promise<void> => job.changeDelay(0);
      if (waitsFor?.kind === 'provider') {
        this.postponed.add({ callId, provider: waitsFor.id, createdAt, dueAt, wake });
      } else if (waitsFor) {
        void this.parents.add({ callId, members: waitsFor.ids, dueAt, wake });
      }
      throw new DelayedError();
    }
    if (end.kind === 'again') throw new TryAgain(envelopeJson(end.error, attempt.call), end.delayMs);
    if (end.kind === 'asked') return 'asked';
    if (end.error) throw new UnrecoverableError(envelopeJson(end.error, attempt.call));
    return 'done';
  }

  private async run(attempt: StartedAttempt, job: Job<JobTicket>, token = ''): Promise<AttemptEnd> {
    if (attempt.releases === 0) return this.runner.run(attempt);
    // BullMQ stops renewing a lock by the id of the job, a moment after `process` ended: by then a job that was put
    // back may be here again, and its new lock would be the one that is no longer renewed.
    const renewal = setInterval(
      () => void job.extendLock(token, LOCK_MS).catch(() => undefined),
      LOCK_MS / 2,
    );
    try {
      return await this.runner.run(attempt);
    } finally {
      clearInterval(renewal);
    }
  }

  get isRunning(): boolean {
    return this.worker.isRunning() && !this.worker.closing;
  }

  /** Stops taking jobs, lets the running ones end, after `limitMs` hands the rest back to the queue. */
  async drain(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.running.abortAll(new WorkerStopping()), limitMs);
    await this.worker.close();
    clearTimeout(timer);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn({ err: error }, 'queue connection of the worker');
  }

  private async dropped({ callId }: JobTicket): Promise<string> {
    if (await this.ledger.exists(callId)) return 'already over';
    this.metrics.queueForgedJobs.inc();
    this.logger.warn({ callId }, 'dropped a job that is not in the ledger');
    return 'unknown';
  }
}

function envelopeJson(error: ExaiError, call: { id: string; correlationId: string }): string {
  return JSON.stringify(toEnvelope(error, { correlationId: call.correlationId, callId: call.id }));
}
