// Baseline of the queued part: BullMQ alone. Producer and worker in one process, no ledger, no second process.
import {
  createPostgresBackend,
  Queue,
  setDefaultBackendFactory,
  Worker,
  type ConnectionOptions,
} from 'bullmq';
import { answerOrders } from './child-process.js';
import { closedLoop, type LoopResult } from './closed-loop.js';
import { type QueueOrder } from './raw-queue-order.js';

const CONCURRENCY = 64;

const url = process.argv[2] ?? '';
const connection = url.startsWith('redis') ? redisConnection(url) : postgresConnection(url);
const queue = new Queue('raw', { connection });
const waiters = new Map<string | undefined, () => void>();
const worker = new Worker<object, object>('raw', (job) => Promise.resolve(job.data), {
  connection,
  concurrency: CONCURRENCY,
});
// The worker's own callback, no event stream: the shortest way back that there is.
worker.on('completed', ({ id }) => {
  waiters.get(id)?.();
  waiters.delete(id);
});
queue.on('error', () => undefined);
worker.on('error', () => undefined);
let lastId = 0;

async function roundTrip(): Promise<void> {
  const jobId = `call-${process.pid}-${++lastId}`;
  const answered = new Promise<void>((resolve) => waiters.set(jobId, resolve));
  await queue.add('call', { message: 'hello' }, { jobId, removeOnComplete: true });
  await answered;
}

async function run(order: QueueOrder): Promise<LoopResult> {
  if (!('once' in order)) return closedLoop(order, roundTrip);
  const sentAt = performance.now();
  await roundTrip();
  const p50 = performance.now() - sentAt;
  return { callsPerSecond: 1_000 / p50, p50, p95: p50, totalCalls: 1 };
}

function redisConnection(redisUrl: string): ConnectionOptions {
  return { url: redisUrl, maxRetriesPerRequest: null };
}

function postgresConnection(connectionString: string): ConnectionOptions {
  setDefaultBackendFactory(createPostgresBackend);
  return { connectionString, migrate: true, max: 8 };
}

await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
answerOrders(run);
process.send?.('ready');
