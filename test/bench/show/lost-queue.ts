import { eventually } from '../../harness/eventually.js';
import { type Backend } from '../../harness/redis.js';
import { describeChats, sendChats, surplusAnswers } from './chats.js';
import { onStage, type Verdict } from './stage.js';

const CALLS = 100;
const LATENCY_MS = 100;

/** The queue loses all it holds while most of 100 calls wait in it: all are answered. */
export async function showLostQueue(backend: Backend): Promise<Verdict[]> {
  return onStage(backend, { EXAI_WORKER_CONCURRENCY: '4' }, async (stage) => {
    const sockets = await stage.openSockets(1);
    const chats = sendChats(sockets, CALLS, LATENCY_MS);
    await eventually(() => chats.answered() >= CALLS / 5, 'the first calls are answered', { everyMs: 5 });
    await stage.emptyQueue();
    const before = chats.answered();
    const answers = await chats.all;
    const surplus = surplusAnswers(sockets);
    return [
      {
        passed: answers.every(({ ok }) => ok) && surplus === 0,
        seen: `queue emptied after ${before} of ${CALLS} answers, worker concurrency 4: ${describeChats(answers)}, ${surplus} twice`,
      },
    ];
  });
}
