import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { RawSocket } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-17: a cancel was acknowledged, and the work and its cost went on. */
let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({ env: { ...simulator.env, EXAI_WORKER_CONCURRENCY: '1' } });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

const lastSeq = async () => (await simulator.requests()).at(-1)?.seq ?? 0;

it('a call that waits is cancelled before it ever starts', async () => {
  const socket = await RawSocket.initialized(server, server.token());
  const before = await lastSeq();
  const running = socket.callTool('chat', { prompt: '[[sim: latency(1000), echo]] first' });
  await simulator.waitFor(({ seq }) => seq > before, 'the first call runs');
  socket.send({
    jsonrpc: '2.0',
    id: 'waiting',
    method: 'tools/call',
    params: { name: 'chat', arguments: { prompt: '[[sim: echo]] second' } },
  });
  socket.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'waiting' } });
  const third = socket.callTool('chat', { prompt: '[[sim: echo]] third' });
  await Promise.all([running, third]);
  const executed = (await simulator.requests()).filter(({ seq }) => seq > before);
  expect(executed).toHaveLength(2);
  expect(socket.messages.some(({ id }) => id === 'waiting')).toBe(false);
  await socket.close();
});

describe('a client that closes its connection', () => {
  const leave = async (kind: 'v2-default' | 'v2-pinned') => {
    const client = await connect(kind, 'http', server);
    const before = await lastSeq();
    const prompt = '[[sim: latency(1500), echo]] done anyway';
    const call = client.callTool('chat', { prompt }).catch(() => undefined);
    const { requestId, seq } = await simulator.waitFor((entry) => entry.seq > before, 'the call runs');
    await client.close();
    await call;
    const request = await simulator.waitFor(
      (entry) => entry.seq === seq && entry.finishedAt !== null,
      'the request ends',
    );
    const report = await eventually(async () => {
      const found = await readCall(server, server.token(), requestId);
      return ['COMPLETED', 'CANCELLED'].includes(found.state) ? found : undefined;
    }, 'the call ends');
    return { aborted: request.aborted, state: report.state };
  };

  it('cancels on 2026-07-28, where the stream is the request', async () => {
    expect(await leave('v2-pinned')).toEqual({ aborted: true, state: 'CANCELLED' });
  });

  it('has only lost its connection on the revisions before; the answer is kept', async () => {
    expect(await leave('v2-default')).toEqual({ aborted: false, state: 'COMPLETED' });
  });
});
