import { findEmbeddedPostgres } from '#libs/persistence';
import { join } from 'node:path';
import { temporaryDirectory } from '../../harness/paths.js';
import { freePort } from '../../harness/ports.js';
import { type Backend } from '../../harness/redis.js';
import { watchSimulator, type WatchedSimulator } from '../../harness/simulator.js';
import { removeDataDir } from '../../harness/standalone.js';
import { endOnInterrupt } from '../interrupts.js';
import { MAIN, Program, tokenIn } from '../program.js';
import { McpSocket } from '../websocket-client.js';

export interface Verdict {
  readonly passed: boolean;
  /** What was seen, in numbers. */
  readonly seen: string;
}

/** The whole product as one command starts it, with a simulator whose requests can be counted. */
export interface Stage {
  readonly program: Program;
  readonly simulator: WatchedSimulator;
  readonly dataDir: string;
  /** Takes everything out of the queue. */
  emptyQueue(): Promise<void>;
  openSockets(count: number): Promise<McpSocket[]>;
  readonly workerPid: () => number;
}

/** Starts everything, hands it to `act`, and ends it however that goes. */
export async function onStage<T>(
  backend: Backend,
  extra: Readonly<Record<string, string>>,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const dataDir = temporaryDirectory();
  endOnInterrupt(() => removeDataDir(dataDir));
  const queue = await backend.open();
  const simulator = await watchSimulator();
  const port = await freePort();
  const sockets: McpSocket[] = [];
  let program: Program | undefined;
  try {
    program = await Program.start({
      args: [MAIN.standalone],
      env: {
        PORT: String(port),
        EXAI_WORKER_PORT: String(await freePort()),
        EXAI_DATA_DIR: dataDir,
        TOOL_PROFILE: 'full',
        // A trusted client of ours: how fast the road is shall be seen, not the limit.
        EXAI_WS_MESSAGES_PER_SECOND: '0',
        ...simulator.env,
        ...queue.env,
        ...extra,
      },
      cwd: dataDir,
      logFile: join(dataDir, 'log'),
      readyMessage: 'ready',
    });
    const started = program;
    return await act({
      program,
      simulator,
      dataDir,
      emptyQueue: async () => queue.loseEverything((await findEmbeddedPostgres(dataDir)) ?? ''),
      workerPid: () => started.pidOfLast('worker ready'),
      openSockets: async (count) => {
        const url = `ws://127.0.0.1:${port}/ws`;
        const open = () => McpSocket.open(url, tokenIn(dataDir));
        const opened = await Promise.all(Array.from({ length: count }, open));
        sockets.push(...opened);
        return opened;
      },
    });
  } finally {
    for (const socket of sockets) socket.close();
    await program?.stop();
    await simulator.close();
    await queue.close();
    await removeDataDir(dataDir);
  }
}
