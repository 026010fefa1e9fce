import { type Backend } from '../../harness/redis.js';
import { describeChats, sendChats, surplusAnswers } from './chats.js';
import { onStage, type Verdict } from './stage.js';

const CALLS = 150;
const LATENCY_MS = 200;

/** 150 calls at once, over one socket and over fifty: each gets its own answer. */
export async function showConcurrency(backend: Backend): Promise<Verdict[]> {
  return onStage(backend, {}, async (stage) => {
    const verdicts: Verdict[] = [];
    for (const count of [1, 50]) {
      const sockets = await stage.openSockets(count);
      const chats = await sendChats(sockets, CALLS, LATENCY_MS).all;
      const surplus = surplusAnswers(sockets);
      verdicts.push({
        passed: chats.every(({ ok }) => ok) && surplus === 0,
        seen: `${CALLS} calls of ${LATENCY_MS} ms over ${count} socket(s): ${describeChats(chats)}, ${surplus} twice`,
      });
    }
    return verdicts;
  });
}
