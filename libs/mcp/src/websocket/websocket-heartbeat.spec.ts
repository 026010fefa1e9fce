import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openSocketPair, type SocketPair } from '../../../../test/harness/socket-pair.js';
import { keepAlive } from './websocket-heartbeat.js';
import { HEARTBEAT } from './websocket-limits.js';

const FAST = { pingEveryMs: 50, missedPongs: 2 };

let pair: SocketPair;

afterEach(() => pair.close());

describe('the heartbeat of a socket', () => {
  it('ends a socket whose client leaves two pings unanswered', async () => {
    pair = await openSocketPair({ autoPong: false });
    let pings = 0;
    pair.client.on('ping', () => (pings += 1));
    keepAlive(pair.socket, FAST);
    const [code] = (await once(pair.socket, 'close')) as [number];
    expect(code).toBe(1006);
    expect(pings).toBe(2);
  });

  it('keeps a socket whose client answers, and one that misses a single ping', async () => {
    pair = await openSocketPair({ autoPong: false });
    let pings = 0;
    pair.client.on('ping', () => {
      pings += 1;
      if (pings % 2 === 0) pair.client.pong();
    });
    keepAlive(pair.socket, FAST);
    await delay(12 * FAST.pingEveryMs);
    expect(pings).toBeGreaterThan(4);
    expect(pair.socket.readyState).toBe(pair.socket.OPEN);
  });

  it('sees a dead client within a minute', async () => {
    pair = await openSocketPair();
    expect(HEARTBEAT.pingEveryMs * (HEARTBEAT.missedPongs + 1)).toBeLessThanOrEqual(60_000);
  });
});
