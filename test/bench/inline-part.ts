import { Helper } from './child-process.js';
import { type LoopResult } from './closed-loop.js';
import { type Era } from './eras.js';
import { type LoadOrder } from './load-generator.js';
import { cpuSecondsOf } from './processes.js';
import { printTable, say } from './report.js';
import { interleaved, type Figures, type Subject } from './rounds.js';
import { type BenchSettings } from './settings.js';
import { startDeployment, type Stores } from './stage.js';
import { figure, ratio } from './stats.js';
import { McpSocket, mustSucceed } from './websocket-client.js';

export type LoadGenerator = Helper<LoadOrder, LoopResult>;

type Transport = LoadOrder['transport'];
type Time = Pick<LoadOrder, 'warmUpMs' | 'measureMs'>;
/** What is sent to whom, and the process that bears it. */
type Load = Omit<LoadOrder, keyof Time | 'callers'> & { readonly pid: number };

const CALLERS = [1, 32, 128];
const WARM_UP_CALLERS = 64;
const LIST_CALLERS = 32;

const ERAS: readonly Era[] = ['2025', '2026'];
/** The SDK serves no WebSocket: what comes over it is compared with the SDK's HTTP server of the same era. */
const TRANSPORTS = ERAS.flatMap((era): readonly Transport[] => [`websocket-${era}`, `http-${era}`]);

export interface InlineRow {
  readonly method: 'tools/call' | 'tools/list';
  readonly transport: Transport;
  readonly callers: number;
  readonly ours: Figures;
  /** The SDK's server as its authors show it; it lists one tool, so there is nothing to compare a list with. */
  readonly shown?: Figures;
  /** The SDK's lower server, without a schema for its tool; lists the tools that we do. */
  readonly bare: Figures;
}

/** An inline tool, and the list of tools, over every transport, against the SDK's own HTTP server with an echo tool. */
export async function measureInline(
  stores: Stores,
  generator: LoadGenerator,
  settings: BenchSettings,
): Promise<InlineRow[]> {
  const deployment = await startDeployment(stores, stores.backends[0] ?? 'postgresql');
  const { webSocketUrl, httpUrl, token } = deployment;
  const listed = JSON.stringify(await toolsOf(webSocketUrl, token));
  const { helper: echo, hello } = await Helper.start('./echo-server.js', [listed]);
  const ours = (transport: Transport, calls: boolean): Load => ({
    ...{ transport, token, pid: deployment.gateway.pid, args: {}, ...(calls && { tool: 'version' }) },
    url: transport.startsWith('websocket') ? webSocketUrl : httpUrl,
  });
  const theirs = (era: Era, path: '/mcp' | '/bare', calls: boolean): Load => ({
    ...{ transport: `http-${era}`, url: String(hello) + path, pid: echo.pid },
    ...{ args: { message: 'hello' }, ...(calls && { tool: 'echo' }) },
  });
  const subject = ({ pid, ...load }: Load, callers: number, time: Time): Subject => ({
    run: () => generator.ask({ ...load, ...time, callers }),
    cpu: () => cpuSecondsOf([pid]),
  });
  const measure = async (calls: boolean, callers: number): Promise<InlineRow[]> => {
    say(`${calls ? 'inline tool' : 'list of tools'}, ${callers} callers`);
    const loads = [
      ...TRANSPORTS.map((transport) => ours(transport, calls)),
      ...ERAS.map((era) => theirs(era, '/bare', calls)),
      ...(calls ? ERAS.map((era) => theirs(era, '/mcp', calls)) : []),
    ];
    const subjects = loads.map((load) => subject(load, callers, settings));
    const figures = await interleaved(subjects, settings.rounds);
    return TRANSPORTS.flatMap((transport, index) => {
      const era = ERAS.findIndex((other) => transport.endsWith(other));
      const own = figures[index];
      const bare = figures[TRANSPORTS.length + era];
      const shown = figures[TRANSPORTS.length + ERAS.length + era];
      const method = calls ? 'tools/call' : 'tools/list';
      return own && bare ? [{ method, transport, callers, ours: own, bare, ...(shown && { shown }) }] : [];
    });
  };
  try {
    say('inline tool, warming up');
    const time = { warmUpMs: 0, measureMs: settings.codeWarmUpMs };
    const paths = ['/mcp', '/bare'] as const;
    const warmed = ERAS.flatMap((era) => paths.map((path) => theirs(era, path, true)));
    warmed.push(...TRANSPORTS.map((transport) => ours(transport, true)));
    for (const load of warmed) await subject(load, WARM_UP_CALLERS, time).run();
    const rows: InlineRow[] = [];
    for (const callers of CALLERS) rows.push(...(await measure(true, callers)));
    return [...rows, ...(await measure(false, LIST_CALLERS))];
  } finally {
    await echo.stop();
    await deployment.close();
  }
}

async function toolsOf(url: string, token: string): Promise<readonly unknown[]> {
  const socket = await McpSocket.open(url, token);
  const { tools = [] } = mustSucceed(await socket.list());
  socket.close();
  return tools;
}

export function printInline(rows: readonly InlineRow[]): void {
  printTable(
    'A. Inline tool `version`, and the list of tools | the SDK alone, HTTP server of the same era: McpServer with an echo tool as its\n' +
      '   authors show it, and its lower Server without schemas; both without authentication, limits, metrics and ledger',
    [
      ['method', 'transport', 'callers', 'calls/s', 'p50 ms', 'CPU us/call'].concat(
        ['McpServer calls/s', 'CPU us/call', 'Server calls/s', 'CPU us/call'],
        ['calls per CPU second: to McpServer', 'to Server'],
      ),
      ...rows.map(({ method, transport, callers, ours, shown, bare }) => [
        ...[method, transport, String(callers), figure(ours.callsPerSecond), figure(ours.p50), perCall(ours)],
        ...(shown ? [figure(shown.callsPerSecond), perCall(shown)] : ['-', '-']),
        ...[figure(bare.callsPerSecond), perCall(bare)],
        shown ? ratio(shown.cpuPer1000, ours.cpuPer1000) : '-',
        ratio(bare.cpuPer1000, ours.cpuPer1000),
      ]),
    ],
  );
}

function perCall({ cpuPer1000 }: Figures): string {
  return figure(cpuPer1000 * 1_000);
}
