import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sendWebResponse } from './web-response.js';

let server: Server | undefined;

/** A server that answers every request with what `make` makes; its address. */
async function serve(make: () => Response): Promise<string> {
  server = createServer((_request, response) => void sendWebResponse(make(), response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('sendWebResponse', () => {
  it('sends status, headers and body as they are', async () => {
    const url = await serve(() => Response.json({ a: 1 }, { status: 400, headers: { 'X-Own': 'yes' } }));
    const answer = await fetch(url);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-own')).toBe('yes');
    expect(await answer.json()).toEqual({ a: 1 });
  });

  it('sends an answer without a body', async () => {
    const answer = await fetch(await serve(() => new Response(null, { status: 202 })));
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe('');
  });

  it('sends the head of a stream that says nothing yet', async () => {
    const silent = () =>
      new Response(new ReadableStream(), { headers: { 'Content-Type': 'text/event-stream' } });
    const answer = await fetch(await serve(silent));
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    await answer.body?.cancel();
  });

  it('ends the stream of a client that has gone', async () => {
    let cancelled: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (cancelled = resolve));
    const answer = await fetch(await serve(() => new Response(new ReadableStream({ cancel: cancelled }))));
    await answer.body?.cancel();
    await expect(end).resolves.toBeUndefined();
  });

  it('loses nothing of a stream that is longer than the socket takes at once', async () => {
    const chunk = new Uint8Array(256 * 1_024).fill(7);
    let left = 64;
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
      });
    const answer = await fetch(await serve(() => new Response(body())));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes.length).toBe(64 * chunk.length);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });
});
