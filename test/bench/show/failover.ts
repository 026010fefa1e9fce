import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../../harness/paths.js';
import { freePort } from '../../harness/ports.js';
import { type Backend } from '../../harness/redis.js';
import { SimulatorProcess } from '../simulator-process.js';
import { figure, percentile } from '../stats.js';
import { type McpSocket } from '../websocket-client.js';
import { onStage, type Verdict } from './stage.js';

const CALLS_PER_SECOND = 50;
const LATENCY_MS = 100;
const NORMAL_SECONDS = 15;
const OUTAGE_SECONDS = 25;
/** The outage is known by then, whatever kind it is: the first requests have failed. */
const NOTICED_AFTER_MS = 3_000;
const FIRST_BYTE_MS = 1_000;
const MAX_INFLIGHT = 8;

const MOST_PAYING = 10;
const SLOWER_AT_MOST_MS = 50;
const CLOSES_WITHIN_MS = 15_000;
const GIVE_UP_MS = 40_000;

interface TimedCall {
  readonly startedAt: number;
  readonly ms: number;
  readonly provider: string;
  readonly problem: string | undefined;
}

/** An outage of the preferred of two providers: how it begins, and how it ends. */
interface Outage {
  readonly name: string;
  begin(vendor: SimulatorProcess): Promise<void> | void;
  end(vendor: SimulatorProcess): Promise<void> | void;
}

const OUTAGES: readonly Outage[] = [
  { name: 'killed', begin: (vendor) => vendor.kill(), end: (vendor) => vendor.start() },
  { name: 'silent', begin: (vendor) => vendor.freeze(), end: (vendor) => vendor.thaw() },
];

/** One of two providers goes away under 50 calls per second, and comes back. */
export async function showFailover(backend: Backend): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const outage of OUTAGES) verdicts.push(await showOutage(backend, outage));
  return verdicts;
}

async function showOutage(backend: Backend, outage: Outage): Promise<Verdict> {
  const first = new SimulatorProcess(await freePort());
  const second = new SimulatorProcess(await freePort());
  await Promise.all([first.start(), second.start()]);
  const file = join(temporaryDirectory(), 'providers.json');
  writeFileSync(
    file,
    JSON.stringify({ providers: [entry('first', first, 20), entry('second', second, 10)] }),
  );
  try {
    return await onStage(backend, { EXAI_PROVIDERS_FILE: file, EXAI_SIMULATOR: 'off' }, async (stage) => {
      const load = new SteadyLoad(await stage.openSockets(10));
      await delay(2_000);
      const normalFrom = performance.now();
      await delay(NORMAL_SECONDS * 1_000);
      const brokenAt = performance.now();
      await outage.begin(first);
      await delay(OUTAGE_SECONDS * 1_000);
      await outage.end(first);
      const repairedAt = performance.now();
      const closedAfter = await load.firstFrom('first', repairedAt);
      const calls = await load.stop();
      return judge(outage.name, calls, { normalFrom, brokenAt, repairedAt }, closedAfter);
    });
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
}

function entry(id: string, vendor: SimulatorProcess, intelligence: number): object {
  return {
    id,
    type: 'openai-compatible',
    baseUrl: vendor.baseUrl,
    allowPrivate: true,
    maxInflight: MAX_INFLIGHT,
    timeouts: { firstByteMs: FIRST_BYTE_MS },
    models: [
      { id: `${id}-model`, contextWindow: 100_000, maxOutputTokens: 4_096, intelligence, speed: 'fast' },
    ],
  };
}

interface Marks {
  readonly normalFrom: number;
  readonly brokenAt: number;
  readonly repairedAt: number;
}

function judge(
  name: string,
  calls: readonly TimedCall[],
  marks: Marks,
  closedAfter: number | undefined,
): Verdict {
  const between = (from: number, to: number) =>
    calls.filter(({ startedAt }) => startedAt >= from && startedAt < to);
  const p99 = (some: readonly TimedCall[]) =>
    percentile(
      some.map(({ ms }) => ms),
      99,
    );
  const normal = between(marks.normalFrom, marks.brokenAt);
  const outage = between(marks.brokenAt - FIRST_BYTE_MS, marks.repairedAt);
  const afterwards = between(marks.brokenAt + NOTICED_AFTER_MS, marks.repairedAt);
  const paying = outage.filter(({ ms }) => ms > p99(normal) + FIRST_BYTE_MS / 2);
  const lost = calls.filter(({ problem }) => problem !== undefined);
  const passed =
    lost.length === 0 &&
    paying.length <= MOST_PAYING &&
    p99(afterwards) <= p99(normal) + SLOWER_AT_MOST_MS &&
    closedAfter !== undefined &&
    closedAfter <= CLOSES_WITHIN_MS;
  return {
    passed,
    seen:
      `one of two providers ${name} under ${CALLS_PER_SECOND} calls/s: ${calls.length - lost.length}/${calls.length} answered; ` +
      `${paying.length} paid a timeout (first byte ${FIRST_BYTE_MS} ms, ${MAX_INFLIGHT} slots); p99 normal ${figure(p99(normal))} ms, ` +
      `afterwards ${figure(p99(afterwards))} ms; asked again ${closedAfter === undefined ? 'never' : `${figure(closedAfter / 1_000)} s`} after repair` +
      (lost[0] === undefined ? '' : `; first problem: ${lost[0].problem}`),
  };
}

/** Calls at a steady rate whatever becomes of them, so that a slow answer does not slow the load. */
class SteadyLoad {
  private readonly ended: TimedCall[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private count = 0;

  constructor(private readonly sockets: readonly McpSocket[]) {
    this.timer = setInterval(() => this.send(), 1_000 / CALLS_PER_SECOND);
  }

  /** Milliseconds until a call started after `since` was answered by the provider; undefined = not in time. */
  async firstFrom(provider: string, since: number): Promise<number | undefined> {
    while (performance.now() < since + GIVE_UP_MS) {
      const found = this.ended.find((call) => call.provider === provider && call.startedAt >= since);
      if (found) return found.startedAt + found.ms - since;
      await delay(50);
    }
    return undefined;
  }

  async stop(): Promise<readonly TimedCall[]> {
    clearInterval(this.timer);
    await Promise.all(this.running);
    return this.ended;
  }

  private send(): void {
    const socket = this.sockets[this.count++ % this.sockets.length] as McpSocket;
    const startedAt = performance.now();
    const call = socket
      .call('chat', { prompt: `[[sim: latency(${LATENCY_MS})]] hello`, use_websearch: false })
      .then(({ result, error }) => {
        const metadata = result?.structuredContent?.['metadata'] as { provider_used?: string } | undefined;
        const failed = error !== undefined || result?.isError === true;
        this.ended.push({
          startedAt,
          ms: performance.now() - startedAt,
          provider: metadata?.provider_used ?? '',
          problem: failed
            ? (error?.message ?? result?.content?.[0]?.text ?? 'no answer').slice(0, 200)
            : undefined,
        });
      });
    this.running.add(call);
    void call.finally(() => this.running.delete(call));
  }
}
