import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ToolResult } from '../harness/clients.js';
import { rpc } from '../harness/http.js';
import { RawSocket } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-19, D-35: of 150 concurrent calls none was answered; one slow model froze everybody. */
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

it('answers 150 concurrent calls of one socket beside one that hangs', async () => {
  const socket = await RawSocket.initialized(server, server.token());
  const hang = { name: 'chat', arguments: { prompt: '[[sim: hang-headers]] forever' } };
  socket.send(rpc('tools/call', hang, 'hanging'));
  await simulator.waitFor(({ behaviour }) => behaviour === 'hang-headers', 'one call hangs');

  const texts = Array.from({ length: 150 }, (_, index) => `call ${index}`);
  const calls = texts.map((text) =>
    socket.callTool('chat', { prompt: `[[sim: latency(200), echo]] ${text}` }),
  );
  const status = await socket.callTool('status', {});
  expect(status.result).toMatchObject({ structuredContent: { status: 'success' } });
  expect(socket.messages.filter(({ result }) => contentOf(result) !== undefined).length).toBeLessThan(150);

  expect((await Promise.all(calls)).map(({ result }) => contentOf(result))).toEqual(texts);
  expect(socket.messages.some(({ error }) => error !== undefined)).toBe(false);
  socket.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'hanging' } });
  await simulator.waitFor(({ behaviour, aborted }) => behaviour === 'hang-headers' && aborted, 'it ends');
  await socket.close();
}, 60_000);

function contentOf(result: unknown): unknown {
  return (result as ToolResult | undefined)?.structuredContent?.['content'];
}
