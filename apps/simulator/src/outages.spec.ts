import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/harness/eventually.js';
import { watchSimulator, type WatchedSimulator } from '../../../test/harness/simulator.js';

let simulator: WatchedSimulator;

beforeEach(async () => {
  simulator = await watchSimulator();
});

afterEach(() => simulator.close());

const APIS = ['/v1/chat/completions', '/v1/messages'] as const;

interface Asked {
  readonly model?: string;
  readonly content?: string;
  readonly path?: string;
}

/** The status, or how the connection failed. Every request on a connection of its own. */
async function ask({ model = 'any', content = 'Hi', path = APIS[0] }: Asked = {}): Promise<number | string> {
  const body = { model, max_tokens: 100, messages: [{ role: 'user', content }] };
  try {
    const response = await fetch(`http://127.0.0.1:${simulator.port}${path}`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return ((error as Error).cause as { code: string }).code;
  }
}

const control = async (body: object): Promise<number> =>
  (
    await fetch(`http://127.0.0.1:${simulator.port}/__control`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
  ).status;

const isUpAgain = () => eventually(async () => (await ask()) === 200 || undefined, 'the port is open again');

describe('a closed port', () => {
  it.each(APIS)('refuses connections for a while after `refuse`, %s', async (path) => {
    const started = performance.now();
    expect(await ask({ path, content: '[[sim: refuse(400), latency(0)]]' })).toMatch(
      /ECONNRESET|UND_ERR_SOCKET/,
    );
    expect(await ask({ path })).toBe('ECONNREFUSED');
    await isUpAgain();
    expect(performance.now() - started).toBeGreaterThan(390);
    expect(simulator.stats().requests).toBe(2);
  });

  it('lets the requests of others end that were there before', async () => {
    const other = ask({ content: '[[sim: latency(300)]]' });
    await wait(100);
    await ask({ content: '[[sim: refuse(600), latency(0)]]' });
    expect(await other).toBe(200);
    expect(await ask()).toBe('ECONNREFUSED');
  });

  it('is closed and opened by control, which ends every connection', async () => {
    const hanging = ask({ content: '[[sim: hang-accept]]' });
    await simulator.waitFor(() => true, 'the request is there');
    expect(await control({ listen: false, forMs: 400 })).toBe(200);
    expect(await hanging).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(await ask()).toBe('ECONNREFUSED');
    await isUpAgain();
    expect((await simulator.requests())[0]).toMatchObject({ aborted: false, cut: true });
  });

  it('stays closed until the test opens it', async () => {
    simulator.closePort();
    expect(await ask()).toBe('ECONNREFUSED');
    await wait(100);
    expect(await ask()).toBe('ECONNREFUSED');
    await simulator.reopenPort();
    expect(await ask()).toBe(200);
  });

  it('can be left behind by closing the simulator', async () => {
    simulator.control({ listen: false, forMs: 50 });
    await simulator.close();
    await wait(100);
    expect(await ask()).toBe('ECONNREFUSED');
  });
});

describe('a standing behaviour', () => {
  it.each(APIS)('holds for everything until it is taken back, %s', async (path) => {
    await control({ always: '503, latency(0)' });
    expect(await ask({ path })).toBe(503);
    expect(await ask({ path, content: '[[sim: 500]]' })).toBe(503);
    expect(await ask({ path, model: 'other@401' })).toBe(503);
    expect((await fetch(`${simulator.baseUrl}/models`)).status).toBe(503);
    await control({ always: null });
    expect(await ask({ path, content: '[[sim: 500]]' })).toBe(500);
    expect((await fetch(`${simulator.baseUrl}/models`)).status).toBe(200);
  });

  it('holds for one model, before the one for all', async () => {
    await control({ always: '500' });
    await control({ always: '402', forModel: 'poor' });
    expect([await ask({ model: 'poor' }), await ask()]).toEqual([402, 500]);
    await control({ always: null });
    expect([await ask({ model: 'poor' }), await ask()]).toEqual([402, 200]);
    simulator.resetControl();
    expect(await ask({ model: 'poor' })).toBe(200);
  });

  it('that only sets something leaves the behaviour to the request', async () => {
    await control({ always: 'latency(200)' });
    const started = performance.now();
    expect(await ask({ content: '[[sim: 500, latency(0)]]' })).toBe(500);
    expect(performance.now() - started).toBeGreaterThan(195);
  });

  it('is refused whole when any part of it is wrong', async () => {
    expect(await control({ always: 'nonsense' })).toBe(400);
    expect(await control({ always: '500', redirectTo: 'nowhere' })).toBe(400);
    expect(await control({ always: '500', forms: 1 })).toBe(400);
    expect(await control({ forModel: 'x' })).toBe(400);
    expect(await ask()).toBe(200);
  });
});

describe('what the simulator counts', () => {
  it('is the most requests at once, in all and by model', async () => {
    const content = '[[sim: latency(200)]]';
    const ofModel = (model: string, count: number) =>
      Array.from({ length: count }, () => ask({ model, content }));
    await Promise.all([...ofModel('a', 5), ...ofModel('b', 3)]);
    await ask({ model: 'a' });
    expect(await (await fetch(`http://127.0.0.1:${simulator.port}/__stats`)).json()).toEqual({
      requests: 9,
      inFlight: 0,
      peakInFlight: 8,
      byModel: {
        a: { requests: 6, inFlight: 0, peakInFlight: 5 },
        b: { requests: 3, inFlight: 0, peakInFlight: 3 },
      },
    });
    await fetch(`http://127.0.0.1:${simulator.port}/__requests`, { method: 'DELETE' });
    expect(simulator.stats()).toMatchObject({ requests: 0, peakInFlight: 0 });
  });

  it('is the open sockets, without the one that asks', async () => {
    const sockets = [1, 2, 3].map(() => connect(simulator.port, '127.0.0.1'));
    const url = `http://127.0.0.1:${simulator.port}/__sockets`;
    const asked = async () =>
      (await (await fetch(url, { headers: { connection: 'close' } })).json()) as { open: number };
    await eventually(() => Promise.resolve(simulator.openSockets() === 3 || undefined), 'three sockets');
    expect(await asked()).toMatchObject({ open: 3, opened: 4, peak: 4 });
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await asked()).open).toBe(0);
  });

  it('lists requests for other things than chats only when asked', async () => {
    await fetch(`${simulator.baseUrl}/models`, { headers: { authorization: 'Bearer k' } });
    const listed = async (query: string) =>
      (await (await fetch(`http://127.0.0.1:${simulator.port}/__requests${query}`)).json()) as object[];
    expect(await listed('')).toEqual([]);
    expect(await listed('?all')).toMatchObject([
      {
        method: 'GET',
        path: '/v1/models',
        isChat: false,
        status: 200,
        authHash: expect.any(String) as string,
      },
    ]);
  });
});
