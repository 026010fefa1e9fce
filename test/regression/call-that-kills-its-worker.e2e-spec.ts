import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** A call that stops its worker each time must end, and take neither the gateway nor other calls along. */
let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({ env: simulator.env });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

it('ends after three dead workers, and the next call is answered', { timeout: 120_000 }, async () => {
  const client = await connect('v2-default', 'websocket', server);
  const poison = client.callTool('chat', { prompt: '[[sim: hang-headers]] poison' });
  for (let death = 1; death <= 3; death += 1) {
    await eventually(
      async () => (await simulator.requests()).length >= death,
      `attempt ${death} reaches the model`,
      { timeoutMs: 40_000 },
    );
    process.kill(server.workerPid(), 'SIGKILL');
  }
  const { structuredContent } = await poison;
  expect(structuredContent).toMatchObject({
    status: 'error',
    error: { code: 'WORKER_CRASH_LIMIT', retryable: false },
  });
  expect(await simulator.requests()).toHaveLength(3);

  const next = await client.callTool('chat', { prompt: '[[sim: echo]] still there?' });
  expect(next.structuredContent).toMatchObject({ content: 'still there?' });
  await client.close();
});
