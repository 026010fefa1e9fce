import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { type Outbound, type OutboundOptions, openOutbound } from './outbound.js';

interface Running {
  readonly port: number;
  readonly sockets: Set<Socket>;
}

const cleanUp: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const action of cleanUp.splice(0).reverse()) await action();
});

function open(options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = openOutbound({ allowPrivate: true, ...options });
  cleanUp.push(() => outbound.close());
  return outbound;
}

async function run(server: Server): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

function serve(listener: RequestListener): Promise<Running> {
  return run(createHttpServer({ maxHeaderSize: 1_000_000 }, listener));
}

/** All that is said in the chain of causes. */
async function failure(promise: Promise<unknown>): Promise<{ codes: unknown[]; reason: unknown }> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (raised: unknown) => raised,
  );
  const codes: unknown[] = [];
  let reason: unknown;
  for (let at = error as Record<string, unknown> | undefined; at; at = at['cause'] as typeof at) {
    if (at['code'] !== undefined) codes.push(at['code']);
    reason ??= (at['details'] as { reason?: unknown } | undefined)?.reason;
  }
  return { codes, reason };
}

describe('the address rules', () => {
  it('keep every request off private addresses, by number and by name', async () => {
    let asked = 0;
    const { port, sockets } = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const outbound = open({ allowPrivate: false });
    for (const host of ['127.0.0.1', '[::1]', '2130706433', '[::ffff:127.0.0.1]', 'localhost']) {
      const { codes, reason } = await failure(outbound.fetch(`https://${host}:${port}/`));
      expect([host, codes, reason]).toEqual([host, ['URL_DENIED'], 'its address is loopback']);
    }
    const plain = await failure(outbound.fetch(`http://localhost:${port}/`));
    expect(plain).toEqual({ codes: ['URL_DENIED'], reason: 'the scheme http: is not allowed' });
    expect(asked).toBe(0);
    expect(sockets.size).toBe(0);
  });

  it('hold for literal addresses through a proxy too', async () => {
    const { port, sockets } = await serve((_request, response) => response.end());
    const outbound = open({ allowPrivate: false, proxy: `http://127.0.0.1:${port}` });
    expect((await failure(outbound.fetch('https://10.0.0.1/'))).codes).toEqual(['URL_DENIED']);
    expect(sockets.size).toBe(0);
  });
});

it('never follows a redirect, so that the key reaches no other host', async () => {
  let elsewhere = 0;
  const other = await serve((_request, response) => {
    elsewhere += 1;
    response.end();
  });
  const { port } = await serve((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end();
  });
  const response = await open().fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: 'Bearer key' },
    redirect: 'follow',
  });
  expect(response.status).toBe(307);
  expect(elsewhere).toBe(0);
  expect(other.sockets.size).toBe(0);
});

it('refuses an answer with more than 64 KiB of headers', async () => {
  const { port } = await serve(({ url }, response) => {
    const count = url === '/small' ? 50 : 70;
    const headers = Array.from({ length: count }, (_, index) => [`x-${index}`, 'y'.repeat(1_000)]);
    response.writeHead(200, Object.fromEntries(headers) as Record<string, string>).end('ok');
  });
  const outbound = open();
  expect(await (await outbound.fetch(`http://127.0.0.1:${port}/small`)).text()).toBe('ok');
  const { codes } = await failure(outbound.fetch(`http://127.0.0.1:${port}/large`));
  expect(codes).toContain('UND_ERR_HEADERS_OVERFLOW');
});

describe('proxies', () => {
  it('of the environment are not used, the one of the options is', async () => {
    const tunnels: string[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', ({ url = '' }, socket: Socket) => {
      tunnels.push(url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const proxyPort = (await run(proxy)).port;
    const { port } = await serve((_request, response) => response.end('direct'));
    const before = { ...process.env };
    cleanUp.push(() => void (process.env = before));
    const variables = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY'];
    process.env = {
      ...before,
      ...Object.fromEntries(variables.map((name) => [name, `http://127.0.0.1:${proxyPort}`])),
      NODE_USE_ENV_PROXY: '1',
    };
    const address = `http://127.0.0.1:${port}/`;
    expect(await (await open().fetch(address)).text()).toBe('direct');
    expect(tunnels).toEqual([]);
    const proxied = await failure(open({ proxy: `http://127.0.0.1:${proxyPort}` }).fetch(address));
    expect(proxied.codes).toContain('UND_ERR_ABORTED');
    expect(tunnels).toEqual([`127.0.0.1:${port}`]);
  });
});

describe('TLS', () => {
  it('names the original host and refuses a certificate nobody vouches for', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const names: string[] = [];
    let asked = 0;
    const server = createTlsServer(
      {
        key,
        cert,
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (_request, response) => {
        asked += 1;
        response.end();
      },
    );
    const { port } = await run(server);
    const { codes } = await failure(open().fetch(`https://localhost:${port}/`));
    expect(codes).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(names).toEqual(['localhost']);
    expect(asked).toBe(0);
  });
});

describe('a connection that is not made', () => {
  /** Accepts and then says nothing, so that no TLS connection comes about. */
  const silent = (): Promise<Running> => run(createTcpServer((socket) => void socket.resume()));

  it('is given up after its time', async () => {
    const { port, sockets } = await silent();
    const startedAt = performance.now();
    const { codes } = await failure(open({ connectTimeoutMs: 200 }).fetch(`https://localhost:${port}/`));
    expect(codes).toContain('UND_ERR_CONNECT_TIMEOUT');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(() => sockets.size).toBe(0);
  });

  it('is ended at once when its request is given up', async () => {
    const { port, sockets } = await silent();
    const caller = new AbortController();
    const pending = failure(open().fetch(`https://127.0.0.1:${port}/`, { signal: caller.signal }));
    await expect.poll(() => sockets.size).toBe(1);
    caller.abort();
    await pending;
    await expect.poll(() => sockets.size, { timeout: 1_000, interval: 10 }).toBe(0);
  });

  it('is left to the requests that still wait for theirs', async () => {
    const { port, sockets } = await silent();
    const outbound = open();
    const callers = [1, 2, 3].map(() => new AbortController());
    const pending = callers.map(({ signal }) =>
      failure(outbound.fetch(`https://127.0.0.1:${port}/`, { signal })),
    );
    await expect.poll(() => sockets.size).toBe(3);
    callers[0]?.abort();
    await pending[0];
    await expect.poll(() => sockets.size).toBe(2);
    let settled = false;
    void Promise.race(pending.slice(1)).then(() => (settled = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(settled).toBe(false);
    expect(sockets.size).toBe(2);
  });
});

it('keeps connections for the next request and leaves none when it is closed', async () => {
  const hanging: unknown[] = [];
  const { port, sockets } = await serve((request, response) => {
    if (request.url === '/hang') {
      hanging.push(request);
      response.writeHead(200).write('begun');
    } else response.end('ok');
  });
  const outbound = open();
  const address = `http://127.0.0.1:${port}`;
  for (let round = 0; round < 5; round += 1) await (await outbound.fetch(`${address}/`)).text();
  // A connection is free again a moment after its answer was read.
  expect(sockets.size).toBeLessThanOrEqual(2);
  await Promise.all(Array.from({ length: 20 }, async () => (await outbound.fetch(`${address}/`)).text()));
  const response = await outbound.fetch(`${address}/hang`);
  const body = failure(response.text());
  const silent = await run(createTcpServer((socket) => void socket.resume()));
  const connecting = failure(outbound.fetch(`https://127.0.0.1:${silent.port}/`));
  await expect.poll(() => silent.sockets.size).toBe(1);
  expect(hanging).toHaveLength(1);
  expect(sockets.size).toBeGreaterThan(1);
  await outbound.close();
  await Promise.all([body, connecting]);
  await expect.poll(() => sockets.size + silent.sockets.size, { timeout: 1_000 }).toBe(0);
});
