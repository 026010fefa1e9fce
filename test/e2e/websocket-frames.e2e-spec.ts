import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { bearer, INITIALIZE, rpc, upgrade } from '../harness/http.js';
import { readMetric } from '../harness/metrics.js';
import { frame, HandMadeSocket } from '../harness/raw-frames.js';
import { RawSocket } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

const MESSAGES_PER_SECOND = 120;
const OPEN_CALLS = 8 * 5;
const LARGE = 500_000;

let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({
    env: {
      ...simulator.env,
      EXAI_MAX_BODY_MIB: '1',
      EXAI_MAX_PROMPT_CHARS: String(LARGE),
      EXAI_WS_MESSAGES_PER_SECOND: String(MESSAGES_PER_SECOND),
      EXAI_SESSION_MAX_INFLIGHT: '8',
    },
  });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

const byHand = (...frames: Buffer[]) =>
  HandMadeSocket.open(server.url, { headers: bearer(server.token()) }, Buffer.concat(frames));

describe('frames', () => {
  it('that come in the same packet as the upgrade are answered', async () => {
    const socket = byHand(frame(JSON.stringify(INITIALIZE)), frame(JSON.stringify(rpc('ping', {}, 2))));
    await eventually(() => socket.text.includes('"id":2'), 'both are answered');
    expect(socket.text).toContain('serverInfo');
    socket.destroy();
  });

  it('may be fragments of one message', async () => {
    const raw = await RawSocket.open(server, server.token());
    const text = JSON.stringify({ ...INITIALIZE, id: 'in parts' });
    for (let at = 0; at < text.length; at += 40) {
      raw.socket.send(text.slice(at, at + 40), { fin: at + 40 >= text.length });
    }
    expect((await raw.answer('in parts')).result).toHaveProperty('serverInfo');
    await raw.close();
  });

  it('before initialize are served: a ping and a list', async () => {
    const raw = await RawSocket.open(server, server.token());
    expect((await raw.request('ping')).result).toEqual({});
    expect((await raw.request('tools/list')).result).toHaveProperty('tools');
    await raw.close();
  });

  it('of another protocol are refused and never echoed, and change nobody', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    const foreign = server.token({ subject: 'somebody else' });
    for (const text of [`{"type":"auth","token":"${foreign}"}`, '{"op":"subscribe","channel":"all"}']) {
      raw.messages.length = 0;
      raw.send(text);
      const refused = await raw.answer(null);
      expect(refused).toMatchObject({ error: { code: -32600, data: { code: 'INVALID_REQUEST' } } });
      expect(JSON.stringify(refused)).not.toMatch(/subscribe|auth|eyJ/);
    }
    await raw.close();
    expect(server.output()).not.toContain(foreign);
  });

  it.each([
    ['unmasked', 1002, () => frame('{}', { masked: false })],
    ['of a reserved kind', 1002, () => frame('{}', { opcode: 3 })],
    ['of invalid UTF-8', 1007, () => frame(Buffer.from([0xff, 0xfe, 0xfd]))],
    ['of binary data', 1003, () => frame('{}', { opcode: 2 })],
  ])('%s end the socket with %i', async (_name, code, bad) => {
    const socket = byHand(bad());
    await eventually(() => socket.closeCode === code, `close ${code}`);
    socket.destroy();
  });

  it('that add up to more than the limit end the socket with 1009', async () => {
    const raw = await RawSocket.open(server, server.token());
    for (let part = 0; part < 12; part += 1) raw.socket.send('x'.repeat(100_000), { fin: part === 11 });
    expect((await raw.closed).code).toBe(1009);
  });

  it('of an upgrade with endless headers are never waited for', async () => {
    const headers = { ...bearer(server.token()), 'Sec-WebSocket-Protocol': `mcp${' '.repeat(65_536)}` };
    const socket = HandMadeSocket.open(server.url, { headers }, Buffer.alloc(0));
    await socket.ended;
    expect(socket.text).toMatch(/^HTTP\/1\.1 (400|431) /);
  });

  it('are never compressed', async () => {
    const raw = await RawSocket.open(server, server.token());
    expect(raw.socket.extensions).toBe('');
    await raw.close();
  });
});

describe('an id', () => {
  const slow = (id: number | string, text: string) =>
    rpc('tools/call', { name: 'chat', arguments: { prompt: `[[sim: latency(700), echo]] ${text}` } }, id);

  it('that is still open is refused without touching the first request, and is free after its answer', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    raw.send(slow('same', 'first'));
    raw.send(slow('same', 'second'));
    expect(await raw.answer(null)).toMatchObject({
      error: { code: -32600, data: { code: 'INVALID_REQUEST' } },
    });
    expect((await raw.answer('same')).result).toMatchObject({ structuredContent: { content: 'first' } });
    raw.messages.length = 0;
    raw.send(rpc('ping', {}, 'same'));
    expect((await raw.answer('same')).result).toEqual({});
    await raw.close();
  });

  it('is free after its request was cancelled; a number and its text are two ids', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    raw.send(slow(77, 'cancelled'));
    raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } });
    raw.send(rpc('ping', {}, 77));
    raw.send(rpc('ping', {}, '77'));
    expect((await raw.answer(77)).result).toEqual({});
    expect((await raw.answer('77')).result).toEqual({});
    await raw.close();
  });
});

describe('limits of a socket', () => {
  it('so many messages a second; the next is refused with its id and the socket closed with 4429', async () => {
    const [steady, fast] = [
      await RawSocket.open(server, server.token()),
      await RawSocket.open(server, server.token()),
    ];
    const flood = (raw: RawSocket, count: number) => {
      for (let id = 1; id <= count; id += 1) raw.send(rpc('ping', {}, id));
    };
    flood(steady, MESSAGES_PER_SECOND);
    flood(fast, MESSAGES_PER_SECOND + 1);
    expect(await fast.closed).toEqual({ code: 4429, reason: 'message rate' });
    expect(fast.messages.filter(({ error }) => error)).toMatchObject([
      { id: MESSAGES_PER_SECOND + 1, error: { code: -31010, data: { code: 'RATE_LIMITED' } } },
    ]);
    await steady.answer(MESSAGES_PER_SECOND);
    expect(steady.messages.filter(({ result }) => result)).toHaveLength(MESSAGES_PER_SECOND);
    await delay(1_000);
    flood(steady, MESSAGES_PER_SECOND);
    await eventually(() => steady.messages.length === 2 * MESSAGES_PER_SECOND, 'the next second');
    await steady.close();
  });

  it('so many open calls; the next is refused with SESSION_BUSY, on this socket only', async () => {
    const [busy, other] = [
      await RawSocket.initialized(server, server.token()),
      await RawSocket.initialized(server, server.token()),
    ];
    const chat = (raw: RawSocket, text: string) =>
      raw.callTool('chat', { prompt: `[[sim: latency(1500), echo]] ${text}` });
    const calls = Array.from({ length: OPEN_CALLS }, (_, index) => chat(busy, `call ${index}`));
    expect(await chat(busy, 'too many')).toMatchObject({
      error: { code: -31013, data: { code: 'SESSION_BUSY' } },
    });
    expect((await chat(other, 'elsewhere')).result).toMatchObject({
      structuredContent: { content: 'elsewhere' },
    });
    expect((await Promise.all(calls)).filter(({ error }) => error)).toEqual([]);
    await Promise.all([busy.close(), other.close()]);
  });

  it('a few pings a second, each answered; a flood of them is closed with 1008', async () => {
    const raw = await RawSocket.open(server, server.token());
    let pongs = 0;
    raw.socket.on('pong', (data) => (pongs += data.toString() === 'are you there' ? 1 : 0));
    for (let sent = 0; sent < 5; sent += 1) raw.socket.ping('are you there');
    await eventually(() => pongs === 5, 'five pongs');
    for (let sent = 0; sent < 5_000; sent += 1) raw.socket.ping('flood');
    expect(await raw.closed).toEqual({ code: 1008, reason: 'too many pings' });
  });

  it('64 sockets of one principal; the next upgrade is refused with 429 until one ends', async () => {
    const token = server.token({ subject: 'many sockets' });
    const sockets = await Promise.all(Array.from({ length: 64 }, () => RawSocket.open(server, token)));
    const refused = await upgrade(server.wsUrl, { headers: bearer(token) });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect((await upgrade(server.wsUrl, { headers: bearer(server.token()) })).status).toBe(101);
    await sockets.pop()?.close();
    await eventually(
      async () => (await upgrade(server.wsUrl, { headers: bearer(token) })).status === 101,
      'there is room again',
    );
    await Promise.all(sockets.map((raw) => raw.close()));
  });

  it('so much unread; the socket is closed with 1013 and the answers wait to be collected', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    const ask = (number: number) => ({
      name: 'chat',
      arguments: { prompt: `[[sim: echo]] ${number} ${'y'.repeat(LARGE - 100)}` },
      _meta: { 'io.exai/idempotencyKey': `unread-${number}` },
    });
    raw.socket.pause();
    for (let number = 0; number < 28; number += 1)
      raw.send(rpc('tools/call', ask(number), `unread ${number}`));
    const closed = () =>
      readMetric(server.url, 'exai_connections_closed_total', { transport: 'websocket', code: '1013' });
    await eventually(async () => (await closed()) === 1, 'the slow reader is closed');
    raw.socket.resume();
    await raw.closed;
    const again = await RawSocket.initialized(server, server.token());
    const { result } = await again.request('tools/call', ask(0));
    expect(result).toMatchObject({
      structuredContent: { content: expect.stringMatching(/^0 y+$/) as string },
      _meta: { 'io.exai/replayed': true },
    });
    await again.close();
  });
});
