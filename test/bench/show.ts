// The demonstrations of what must hold, one line each; k also prints what the client of a task sees from blow to blow:
//   npm run show -- [--only a,b,c,d,f,g,h,i,j,k,l] [--idle <calls>]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { backends, type Backend } from '../harness/redis.js';
import { Helper } from './child-process.js';
import { type LoopResult } from './closed-loop.js';
import { type LoadOrder } from './load-generator.js';
import { load } from './processes.js';
import { showConcurrency } from './show/concurrency.js';
import { showDrain } from './show/drain.js';
import { showFailover } from './show/failover.js';
import { showFaultMatrix } from './show/fault-matrix.js';
import { showFootprint } from './show/footprint.js';
import { showKilledGateway } from './show/killed-gateway.js';
import { showKilledWorker } from './show/killed-worker.js';
import { showLostQueue } from './show/lost-queue.js';
import { type Verdict } from './show/stage.js';
import { showSurvivingTask } from './show/surviving-task.js';
import { showToolFailures } from './show/tool-failures.js';
import { openStores } from './stage.js';
import { figure } from './stats.js';
import { measureWake, type Latency } from './wake-part.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'a,b,c,d,f,g,h,i,j,k,l' },
    idle: { type: 'string', default: '200' },
  },
});

const DEMONSTRATIONS: Readonly<Record<string, (backend: Backend) => Promise<Verdict[]>>> = {
  a: showConcurrency,
  b: showKilledWorker,
  c: showLostQueue,
  d: showDrain,
  f: showFootprint,
  h: showFailover,
  i: showFaultMatrix,
  j: showToolFailures,
  k: showSurvivingTask,
  l: showKilledGateway,
};

const CODE_WARM_UP_MS = 5_000;

let failures = 0;

function print(letter: string, backend: string, { passed, seen }: Verdict): void {
  if (!passed) failures += 1;
  console.log(`${passed ? 'PASS' : 'FAIL'}  ${letter}  ${backend.padEnd(10)}  ${seen}`);
}

async function show(letter: string): Promise<void> {
  const demonstrate = DEMONSTRATIONS[letter];
  if (!demonstrate) throw new Error(`There is no demonstration ${letter}.`);
  for (const backend of backends()) {
    try {
      for (const verdict of await demonstrate(backend)) print(letter, backend.name, verdict);
    } catch (error) {
      print(letter, backend.name, { passed: false, seen: String(error) });
    }
  }
}

async function showWakeUp(): Promise<void> {
  const stores = await openStores();
  const { helper: generator } = await Helper.start<LoadOrder, LoopResult>('./load-generator.js');
  const settings = { idleCalls: Number(values.idle), codeWarmUpMs: CODE_WARM_UP_MS };
  try {
    for (const { backend, calls, ours, baseline } of await measureWake(stores, generator, settings)) {
      const seen = `${calls} calls, each after an idle second: ${describe(ours)}; BullMQ alone ${describe(baseline)}`;
      print('g', backend, { passed: true, seen });
    }
  } finally {
    await generator.stop();
    await stores.close();
  }
}

function describe({ p50, p95, max }: Latency): string {
  return `p50 ${figure(p50)}, p95 ${figure(p95)}, max ${figure(max)} ms`;
}

console.log(`Node ${process.version}, ${cpus().length} cores, load average ${figure(load())}`);
for (const letter of values.only.split(',')) await (letter === 'g' ? showWakeUp() : show(letter));
console.log(
  `load average ${figure(load())} at the end; ${failures === 0 ? 'all passed' : `${failures} failed`}`,
);
process.exitCode = failures === 0 ? 0 : 1;
