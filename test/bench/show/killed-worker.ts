import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../harness/eventually.js';
import { type Backend } from '../../harness/redis.js';
import { figure } from '../stats.js';
import { sendChats, surplusAnswers } from './chats.js';
import { onStage, type Stage, type Verdict } from './stage.js';

const CALLS = 50;
const LATENCY_MS = 2_000;
/** An answer that is one too many would come by then. */
const LATE_ANSWERS_MS = 3_000;

/** The worker is killed while it runs 50 calls: all are answered, none twice. */
export async function showKilledWorker(backend: Backend): Promise<Verdict[]> {
  return onStage(backend, {}, async (stage) => {
    const sockets = await stage.openSockets(1);
    const chats = sendChats(sockets, CALLS, LATENCY_MS);
    await allAtTheModel(stage, CALLS);
    const killedAt = performance.now();
    process.kill(stage.workerPid(), 'SIGKILL');
    const answers = await chats.all;
    const seconds = (performance.now() - killedAt) / 1_000;
    await delay(LATE_ANSWERS_MS);
    const surplus = surplusAnswers(sockets);
    const requests = await stage.simulator.requests();
    const executions = answers.map(
      ({ correlationId }) => requests.filter(({ requestId }) => requestId === correlationId).length,
    );
    const good = answers.filter(({ ok }) => ok).length;
    const problem = answers.find(({ ok }) => !ok)?.problem;
    return [
      {
        passed: good === CALLS && surplus === 0,
        seen:
          `worker killed -9 under ${CALLS} running calls: ${good}/${CALLS} answered, ${surplus} twice, the last ` +
          `${figure(seconds)} s after the kill; model requests per call: ${tally(executions)}` +
          (problem === undefined ? '' : `; first problem: ${problem}`),
      },
    ];
  });
}

/** Resolves when the model has this many requests, so that the calls are really running. */
export async function allAtTheModel({ simulator }: Stage, count: number): Promise<void> {
  await eventually(async () => (await simulator.requests()).length >= count, `${count} calls at the model`);
}

function tally(numbers: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([number, count]) => `${count} x ${number}`)
    .join(', ');
}
