import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchSimulator, type WatchedSimulator } from '../../../test/harness/simulator.js';

let simulator: WatchedSimulator;

beforeAll(async () => {
  simulator = await watchSimulator();
});

afterAll(() => simulator.close());

const MEBIBYTE = 1_048_576;
const WAYS = [
  ['/v1/chat/completions', false],
  ['/v1/chat/completions', true],
  ['/v1/messages', false],
  ['/v1/messages', true],
] as const;
let asked = 0;

function ask(script: string, path: string, stream: boolean): { socket: Socket; requestId: string } {
  const requestId = `oversize-${++asked}`;
  const messages = [{ role: 'user', content: `[[sim: ${script}, latency(0)]]` }];
  const body = JSON.stringify({ model: 'm', max_tokens: 100, stream, messages });
  const socket = connect(simulator.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST ${path} HTTP/1.0\r\nx-request-id: ${requestId}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return { socket, requestId };
}

describe('an answer of 200 MiB', () => {
  it.each(WAYS)('comes whole without being held in memory, %s, stream: %s', async (path, stream) => {
    const { socket } = ask('huge', path, stream);
    const before = process.memoryUsage().rss;
    let bytes = 0;
    let peak = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    }
    expect(bytes).toBeGreaterThan(200 * MEBIBYTE);
    // Client and simulator together.
    expect(peak).toBeLessThan(64 * MEBIBYTE);
  });

  it.each(['huge', 'huge(200, 1)', 'gzip-bomb(60000)'])(
    'waits for a client that does not read, and ends with it: %s',
    async (script) => {
      for (const [path, stream] of WAYS) {
        const { socket, requestId } = ask(script, path, stream);
        const entry = async () => (await simulator.requestsOf(requestId))[0];
        await expect.poll(async () => (await entry())?.bytesOut ?? 0).toBeGreaterThan(MEBIBYTE / 2);
        await wait(100);
        const sent = (await entry())?.bytesOut ?? 0;
        await wait(100);
        expect((await entry())?.bytesOut).toBe(sent);
        expect(sent).toBeLessThan(20 * MEBIBYTE);
        socket.destroy();
        await expect
          .poll(entry, { timeout: 1_000 })
          .toMatchObject({ aborted: true, finishedAt: expect.any(Number) as number });
      }
    },
  );
});
