import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { watchSimulator, type RequestLogEntry, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-18: the limit of requests at once was chosen by the tool's name, so that `chat` on Kimi had none. */
let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({
    env: {
      KIMI_API_KEY: 'a-key-for-the-simulator-only',
      KIMI_BASE_URL: simulator.env['SIMULATOR_BASE_URL'] ?? '',
      KIMI_MAX_INFLIGHT: '2',
    },
  });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

it('sends a provider no more requests at once than it may have, and answers every call', async () => {
  const client = await connect('v2-default', 'websocket', server);
  const calls = Array.from({ length: 8 }, (_, index) =>
    client.callTool('chat', {
      model: 'kimi-k2.6',
      use_websearch: false,
      prompt: `[[sim: latency(200), echo]] number ${index}`,
    }),
  );
  const answers = await Promise.all(calls);
  expect(answers.map(({ structuredContent }) => structuredContent?.['content'])).toEqual(
    answers.map((_, index) => `number ${index}`),
  );
  expect(mostAtOnce(await simulator.requests())).toBe(2);
  await client.close();
});

function mostAtOnce(entries: readonly RequestLogEntry[]): number {
  return Math.max(
    ...entries.map(
      ({ t }) => entries.filter((other) => other.t <= t && (other.finishedAt ?? Infinity) > t).length,
    ),
  );
}
