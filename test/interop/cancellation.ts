import assert from 'node:assert/strict';
import { eventually } from '../harness/eventually.js';
import { type Session } from './session.js';

/** The provider would answer for so long; a request that ends sooner was ended by the client. */
export const ANSWER_SECONDS = 30;

/** Milliseconds from the client's abort until the provider sees its request aborted. */
export async function cancel({ client, simulator }: Session): Promise<number> {
  const before = (await simulator.requests()).length;
  const controller = new AbortController();
  const prompt = `[[sim: ok-long(${ANSWER_SECONDS})]] to be cancelled`;
  const call = client.callTool('chat', { prompt, model: 'simulator-1' }, { signal: controller.signal });
  const ended = assert.rejects(call);
  const { seq } = await eventually(
    async () => (await simulator.requests())[before],
    'the provider has the request',
    { everyMs: 10 },
  );
  const abortedAt = Date.now();
  controller.abort();
  await ended;
  const { aborted, finishedAt } = await simulator.waitFor(
    (entry) => entry.seq === seq && entry.finishedAt !== null,
    'the request ends',
  );
  assert.equal(aborted, true, 'the provider has answered to the end');
  return (finishedAt ?? Infinity) - abortedAt;
}
