import { Helper } from './child-process.js';
import { type LoopOrder, type LoopResult } from './closed-loop.js';
import { type LoadGenerator } from './inline-part.js';
import { type LoadOrder } from './load-generator.js';
import { cpuSecondsOf } from './processes.js';
import { type QueueOrder } from './raw-queue-order.js';
import { printTable, say } from './report.js';
import { interleaved, type Figures, type Subject } from './rounds.js';
import { type BenchSettings } from './settings.js';
import { createDatabase, startDeployment, type BackendName, type Deployment, type Stores } from './stage.js';
import { figure, ratio } from './stats.js';

export type RawQueue = Helper<QueueOrder, LoopResult>;

const CALLERS = [1, 32, 128, 500];

export interface QueuedRow {
  readonly backend: BackendName;
  readonly callers: number;
  readonly ours: Figures;
  /** Processor seconds per 1,000 calls of gateway and worker, the stores left out. */
  readonly ownCpuPer1000: number;
  readonly baseline: Figures;
}

/** A queued tool, gateway and worker apart, against BullMQ alone on the same server. */
export async function measureQueued(
  stores: Stores,
  generator: LoadGenerator,
  settings: BenchSettings,
): Promise<QueuedRow[]> {
  const rows: QueuedRow[] = [];
  for (const backend of stores.backends)
    rows.push(...(await measureBackend(stores, backend, generator, settings)));
  return rows;
}

async function measureBackend(
  stores: Stores,
  backend: BackendName,
  generator: LoadGenerator,
  { rounds, warmUpMs, codeWarmUpMs, measureMs, crowdMs }: BenchSettings,
): Promise<QueuedRow[]> {
  const deployment = await startDeployment(stores, backend);
  const raw = await startRawQueue(stores, backend);
  const rows: QueuedRow[] = [];
  try {
    say(`queued tool on ${backend}, warming up`);
    await warmUp(deployment, raw, generator, codeWarmUpMs);
    for (const callers of CALLERS) {
      say(`queued tool on ${backend}, ${callers} callers`);
      const loop = { callers, warmUpMs, measureMs: callers > 200 ? crowdMs : measureMs };
      const own: number[] = [];
      const baseline: Subject = {
        run: () => raw.ask(loop),
        cpu: () => cpuSecondsOf([raw.pid, ...stores.pids]),
      };
      const ours: Subject = {
        run: async () => {
          const before = deployment.cpu().processes;
          const result = await generator.ask({ ...loop, ...echoOver(deployment) });
          own.push(((deployment.cpu().processes - before) / result.totalCalls) * 1_000);
          return result;
        },
        cpu: () => deployment.cpu().all,
      };
      const [theirs, mine] = await interleaved([baseline, ours], rounds);
      own.sort((a, b) => a - b);
      const ownCpuPer1000 = own[Math.floor((own.length - 1) / 2)] ?? NaN;
      if (theirs && mine) rows.push({ backend, callers, ours: mine, ownCpuPer1000, baseline: theirs });
    }
  } finally {
    await raw.stop();
    await deployment.close();
  }
  return rows;
}

/** The queued tool that costs nothing itself. */
function echoOver({ webSocketUrl, token }: Deployment): Omit<LoadOrder, keyof LoopOrder> {
  return {
    transport: 'websocket-2025',
    url: webSocketUrl,
    token,
    tool: 'test_echo',
    args: { message: 'hello', delay_ms: 0 },
  };
}

/** Lets both sides run until their code is compiled; a fresh process needs several times the time per call. */
export async function warmUp(
  deployment: Deployment,
  raw: RawQueue,
  generator: LoadGenerator,
  measureMs: number,
): Promise<void> {
  const loop = { callers: 64, warmUpMs: 0, measureMs };
  await generator.ask({ ...loop, ...echoOver(deployment) });
  await raw.ask(loop);
}

export async function startRawQueue(stores: Stores, backend: BackendName): Promise<RawQueue> {
  const url =
    backend === 'redis' ? (stores.redisUrl ?? '') : await createDatabase(stores, `raw_${Date.now()}`);
  const { helper } = await Helper.start<QueueOrder, LoopResult>('./raw-queue.js', [url]);
  return helper;
}

export function printQueued(rows: readonly QueuedRow[]): void {
  printTable(
    'B. Queued tool `test_echo` over WebSocket | baseline: BullMQ alone, one process, no ledger, same server',
    [
      [
        'queue',
        'callers',
        'calls/s',
        'p50 ms',
        'p95 ms',
        'CPU s/1,000 own',
        'with stores',
        'baseline calls/s',
      ].concat(['p50 ms', 'p95 ms', 'CPU s/1,000 with stores', 'calls/s ratio', 'p50 ratio']),
      ...rows.map(({ backend, callers, ours, ownCpuPer1000, baseline }) => [
        backend,
        String(callers),
        ...[ours.callsPerSecond, ours.p50, ours.p95, ownCpuPer1000, ours.cpuPer1000].map(figure),
        ...[baseline.callsPerSecond, baseline.p50, baseline.p95, baseline.cpuPer1000].map(figure),
        ratio(ours.callsPerSecond, baseline.callsPerSecond),
        ratio(ours.p50, baseline.p50),
      ]),
    ],
  );
}
