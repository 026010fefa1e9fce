import { setTimeout as delay } from 'node:timers/promises';
import { type LoadGenerator } from './inline-part.js';
import { startRawQueue, warmUp, type RawQueue } from './queued-part.js';
import { printTable, say } from './report.js';
import { type BenchSettings } from './settings.js';
import { startDeployment, type BackendName, type Deployment, type Stores } from './stage.js';
import { figure, percentile, ratio } from './stats.js';
import { McpSocket, mustSucceed } from './websocket-client.js';

/** Between two calls of one of the two; they take turns, so each is idle for twice this long. */
const PAUSE_MS = 500;

export type WakeSettings = Pick<BenchSettings, 'idleCalls' | 'codeWarmUpMs'>;

export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface WakeRow {
  readonly backend: BackendName;
  readonly calls: number;
  readonly ours: Latency;
  readonly baseline: Latency;
}

/** How long the first call after an idle second takes, against BullMQ alone on the same server. */
export async function measureWake(
  stores: Stores,
  generator: LoadGenerator,
  { idleCalls: calls, codeWarmUpMs }: WakeSettings,
): Promise<WakeRow[]> {
  const rows: WakeRow[] = [];
  for (const backend of stores.backends) {
    say(`wake-up on ${backend}, ${calls} calls`);
    rows.push(
      await measureBackend(stores, backend, calls, (deployment, raw) =>
        warmUp(deployment, raw, generator, codeWarmUpMs),
      ),
    );
  }
  return rows;
}

async function measureBackend(
  stores: Stores,
  backend: BackendName,
  calls: number,
  prepare: (deployment: Deployment, raw: RawQueue) => Promise<void>,
): Promise<WakeRow> {
  const deployment = await startDeployment(stores, backend);
  const raw = await startRawQueue(stores, backend);
  const socket = await McpSocket.open(deployment.webSocketUrl, deployment.token);
  const ours: number[] = [];
  const baseline: number[] = [];
  const callOnce = async (): Promise<number> => {
    const sentAt = performance.now();
    mustSucceed(await socket.call('test_echo', { message: 'hello', delay_ms: 0 }));
    return performance.now() - sentAt;
  };
  try {
    await prepare(deployment, raw);
    for (let call = 0; call < calls; call++) {
      await delay(PAUSE_MS);
      baseline.push((await raw.ask({ once: true })).p50);
      await delay(PAUSE_MS);
      ours.push(await callOnce());
    }
  } finally {
    socket.close();
    await raw.stop();
    await deployment.close();
  }
  return { backend, calls, ours: latencyOf(ours), baseline: latencyOf(baseline) };
}

function latencyOf(values: readonly number[]): Latency {
  return { p50: percentile(values, 50), p95: percentile(values, 95), max: percentile(values, 100) };
}

export function printWake(rows: readonly WakeRow[]): void {
  printTable('C. One queued call after an idle second | baseline: BullMQ alone, one process, same server', [
    ['queue', 'calls', 'p50 ms', 'p95 ms', 'max ms', 'baseline p50 ms', 'p95 ms', 'max ms', 'p50 ratio'],
    ...rows.map(({ backend, calls, ours, baseline }) => [
      backend,
      String(calls),
      ...[ours, baseline].flatMap(({ p50, p95, max }) => [p50, p95, max].map(figure)),
      ratio(ours.p50, baseline.p50),
    ]),
  ]);
}
