import { type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import {
  createPostgresBackend,
  setDefaultBackendFactory,
  type ConnectionOptions,
  type JobsOptions,
  type Queue,
} from 'bullmq';
import { type JobTicket } from './call-ledger.js';

export const TOOL_CALLS_QUEUE = 'tool-calls';

/** BullMQ waits without limit for a backend that is away; nothing of ours does. */
const QUEUE_PATIENCE_MS = 2_000;

/** Failed jobs stay for people who debug. Completed ones go at once: keeping 10,000 costs more than the call. */
const KEEP_FAILED = { age: 3_600, count: 1_000 };

/**
 * BullMQ's bulk insert on PostgreSQL builds two temporary tables, about 5 ms; below this many jobs, single inserts
 * side by side cost less.
 */
const BULK_FROM = 12;

/**
 * Redis when configured, else the same PostgreSQL as the ledger. On PostgreSQL, queue writes do not wait for the
 * disk: the ledger is the truth, and what a crash takes from the queue the reconciler puts back.
 */
export function queueConnection(config: Config): ConnectionOptions {
  const { redisUrl } = config.queue;
  if (redisUrl !== undefined) {
    setDefaultBackendFactory();
    return { url: redisUrl, maxRetriesPerRequest: null };
  }
  setDefaultBackendFactory(createPostgresBackend as never);
  return {
    connectionString: config.database.url,
    migrate: true,
    max: 8,
    keepAlive: true,
    options: '-c synchronous_commit=off',
    application_name: 'exai-queue',
  };
}

export function jobIdOf({ callId, enqueueNo }: JobTicket): string {
  return `${callId}-${enqueueNo}`;
}

/** The one BullMQ queue of tool calls, every operation with a deadline. */
export class CallQueue {
  constructor(
    private readonly queue: Queue<JobTicket>,
    private readonly attempts: number,
    /** Set when Redis may delete jobs: then the gateway must not call itself ready. */
    readonly unsafeEvictionPolicy?: string,
  ) {}

  /** @throws ExaiError QUEUE_UNAVAILABLE after 2 s; the jobs may still arrive, which the ledger tolerates. */
  async add(tickets: readonly JobTicket[]): Promise<void> {
    const jobs = tickets.map((ticket) => ({ name: 'call', data: ticket, opts: this.options(ticket) }));
    const add = (): Promise<unknown> =>
      jobs.length < BULK_FROM
        ? Promise.all(jobs.map(({ name, data, opts }) => this.queue.add(name, data, opts)))
        : this.queue.addBulk(jobs);
    await inTime(add());
  }

  /** Whether a job for this ticket waits, is delayed or runs. */
  async isLive(ticket: JobTicket): Promise<boolean> {
    const state = await inTime(this.queue.getJobState(jobIdOf(ticket)));
    return state !== 'unknown' && state !== 'completed' && state !== 'failed';
  }

  async depth(): Promise<{ waiting: number; active: number; delayed: number }> {
    const counts = await inTime(this.queue.getJobCounts('waiting', 'active', 'delayed'));
    return {
      waiting: counts['waiting'] ?? 0,
      active: counts['active'] ?? 0,
      delayed: counts['delayed'] ?? 0,
    };
  }

  private options(ticket: JobTicket): JobsOptions {
    return {
      jobId: jobIdOf(ticket),
      attempts: this.attempts,
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: KEEP_FAILED,
    };
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new ExaiError('QUEUE_UNAVAILABLE', { reason: 'The queue did not answer within 2 s.' })),
      QUEUE_PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof ExaiError ? error : new ExaiError('QUEUE_UNAVAILABLE', {}, { cause: error });
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
