import { Helper } from './child-process.js';
import { type LoopResult } from './closed-loop.js';
import { type LoadOrder } from './load-generator.js';
import { cpuSecondsOf } from './processes.js';
import { printTable, say } from './report.js';
import { interleaved, type Figures, type Subject } from './rounds.js';
import { type BenchSettings } from './settings.js';
import { startDeployment, type Stores } from './stage.js';
import { figure, ratio } from './stats.js';

export type LoadGenerator = Helper<LoadOrder, LoopResult>;

const CALLERS = [1, 32, 128];
const WARM_UP_CALLERS = 64;

const TRANSPORTS = [
  // The SDK serves no WebSocket; the client speaks the 2025 era there, so that is what it is compared with.
  { transport: 'websocket', baseline: 'http-2025' },
  { transport: 'http-2025', baseline: 'http-2025' },
  { transport: 'http-2026', baseline: 'http-2026' },
] as const;

export interface InlineRow {
  readonly transport: string;
  readonly callers: number;
  readonly ours: Figures;
  readonly baseline: Figures;
}

/** An inline tool over every transport, against the SDK's own HTTP server with an echo tool. */
export async function measureInline(
  stores: Stores,
  generator: LoadGenerator,
  settings: BenchSettings,
): Promise<InlineRow[]> {
  const deployment = await startDeployment(stores, stores.backends[0] ?? 'postgresql');
  const { helper: echo, hello: echoUrl } = await Helper.start('./echo-server.js');
  const { warmUpMs, measureMs, codeWarmUpMs } = settings;
  const ours = (
    transport: LoadOrder['transport'],
    callers: number,
    time = { warmUpMs, measureMs },
  ): Subject => ({
    run: () =>
      generator.ask({
        ...{ transport, callers, ...time, tool: 'version', args: {} },
        url: transport === 'websocket' ? deployment.webSocketUrl : deployment.httpUrl,
        token: deployment.token,
      }),
    cpu: () => cpuSecondsOf([deployment.gateway.pid]),
  });
  const theirs = (
    transport: LoadOrder['transport'],
    callers: number,
    time = { warmUpMs, measureMs },
  ): Subject => ({
    run: () =>
      generator.ask({
        ...{ transport, callers, ...time, tool: 'echo', args: { message: 'hello' } },
        url: String(echoUrl),
      }),
    cpu: () => cpuSecondsOf([echo.pid]),
  });
  const rows: InlineRow[] = [];
  try {
    say('inline tool, warming up');
    const warmUp = { warmUpMs: 0, measureMs: codeWarmUpMs };
    for (const { transport } of TRANSPORTS) await ours(transport, WARM_UP_CALLERS, warmUp).run();
    for (const era of ['http-2025', 'http-2026'] as const) await theirs(era, WARM_UP_CALLERS, warmUp).run();
    for (const callers of CALLERS) {
      say(`inline tool, ${callers} callers`);
      const baselines = [theirs('http-2025', callers), theirs('http-2026', callers)];
      const subjects = TRANSPORTS.map(({ transport }) => ours(transport, callers));
      const [echo2025, echo2026, ...figures] = await interleaved(
        [...baselines, ...subjects],
        settings.rounds,
      );
      TRANSPORTS.forEach(({ transport, baseline }, index) => {
        const other = baseline === 'http-2025' ? echo2025 : echo2026;
        const own = figures[index];
        if (own && other) rows.push({ transport, callers, ours: own, baseline: other });
      });
    }
  } finally {
    await echo.stop();
    await deployment.close();
  }
  return rows;
}

export function printInline(rows: readonly InlineRow[]): void {
  printTable(
    'A. Inline tool `version` | baseline: the SDK alone, HTTP server of the same era with an echo tool, no auth, no ledger',
    [
      [
        'transport',
        'callers',
        'calls/s',
        'p50 ms',
        'CPU s/1,000',
        'baseline calls/s',
        'p50 ms',
        'CPU s/1,000',
      ].concat(['calls/s ratio', 'CPU ratio']),
      ...rows.map(({ transport, callers, ours, baseline }) => [
        transport,
        String(callers),
        ...[ours, baseline].flatMap(({ callsPerSecond, p50, cpuPer1000 }) => [
          figure(callsPerSecond),
          figure(p50),
          figure(cpuPer1000),
        ]),
        ratio(ours.callsPerSecond, baseline.callsPerSecond),
        ratio(ours.cpuPer1000, baseline.cpuPer1000),
      ]),
    ],
  );
}
