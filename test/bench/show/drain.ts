import { type Backend } from '../../harness/redis.js';
import { figure } from '../stats.js';
import { describeChats, sendChats } from './chats.js';
import { allAtTheModel } from './killed-worker.js';
import { onStage, type Verdict } from './stage.js';

const CALLS = 20;
const LATENCY_MS = 2_000;

/** SIGTERM under running calls: all are answered before the program ends, and it ends well. */
export async function showDrain(backend: Backend): Promise<Verdict[]> {
  return onStage(backend, {}, async (stage) => {
    const sockets = await stage.openSockets(1);
    const chats = sendChats(sockets, CALLS, LATENCY_MS);
    await allAtTheModel(stage, CALLS);
    const stoppedAt = performance.now();
    const [answers, exitCode] = await Promise.all([chats.all, stage.program.stop()]);
    const seconds = (performance.now() - stoppedAt) / 1_000;
    return [
      {
        passed: answers.every(({ ok }) => ok) && exitCode === 0,
        seen: `SIGTERM under ${CALLS} running calls: ${describeChats(answers)}; exit code ${exitCode} after ${figure(seconds)} s`,
      },
    ];
  });
}
