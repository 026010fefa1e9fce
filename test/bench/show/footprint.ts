import { PRODUCT } from '#libs/config';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../../harness/paths.js';
import { freePort } from '../../harness/ports.js';
import { type Backend } from '../../harness/redis.js';
import { postmasterPid, removeDataDir } from '../../harness/standalone.js';
import { proportionalMib, residentMib } from '../processes.js';
import { Program } from '../program.js';
import { figure } from '../stats.js';
import { sendChats } from './chats.js';
import { onStage, type Stage, type Verdict } from './stage.js';

const STARTS = 3;
const SETTLE_MS = 5_000;
const CALLS = 500;

/** Seconds from `npm start` to ready, on an empty and on a used data directory, and the memory of each process. */
export async function showFootprint(backend: Backend): Promise<Verdict[]> {
  const starts = await timeStarts(backend);
  const memory = await onStage(backend, {}, measureMemory);
  return [
    { passed: true, seen: starts },
    { passed: memory.good === CALLS, seen: memory.seen },
  ];
}

async function timeStarts(backend: Backend): Promise<string> {
  const queue = await backend.open();
  const first: number[] = [];
  const warm: number[] = [];
  try {
    for (let start = 0; start < STARTS; start++) {
      const dataDir = temporaryDirectory();
      first.push(await timeStart(dataDir, queue.env));
      warm.push(await timeStart(dataDir, queue.env));
      await removeDataDir(dataDir);
    }
  } finally {
    await queue.close();
  }
  const list = (seconds: readonly number[]) => seconds.map((value) => value.toFixed(1)).join(', ');
  return `npm start to ready, build included: first start ${list(first)} s, warm start ${list(warm)} s`;
}

async function timeStart(dataDir: string, env: Readonly<Record<string, string>>): Promise<number> {
  const program = await Program.start({
    command: 'npm',
    args: ['start', '--silent'],
    env: {
      HOME: dataDir,
      PORT: String(await freePort()),
      EXAI_WORKER_PORT: String(await freePort()),
      EXAI_DATA_DIR: dataDir,
      ...env,
    },
    cwd: PRODUCT.root,
    logFile: join(dataDir, 'log'),
    readyMessage: 'ready',
  });
  // npm waits for the program, so that one is asked to end.
  process.kill(program.pidOfLast('ready'), 'SIGTERM');
  await program.exited;
  return program.startSeconds;
}

async function measureMemory(stage: Stage): Promise<{ good: number; seen: string }> {
  await delay(SETTLE_MS);
  const idle = memoryOf(stage);
  const chats = await sendChats(await stage.openSockets(10), CALLS, 200).all;
  const after = memoryOf(stage);
  await delay(SETTLE_MS);
  const later = memoryOf(stage);
  const good = chats.filter(({ ok }) => ok).length;
  return {
    good,
    seen:
      `MiB idle: ${idle}; right after ${good}/${CALLS} concurrent chat calls: ${after}; ` +
      `${SETTLE_MS / 1_000} s later: ${later}`,
  };
}

function memoryOf({ program, dataDir, workerPid }: Stage): string {
  const postgres = postmasterPid(dataDir);
  return (
    `gateway ${figure(residentMib(program.pid))}, worker ${figure(residentMib(workerPid()))}, ` +
    `PostgreSQL ${postgres === undefined ? '-' : figure(proportionalMib(postgres))}`
  );
}
