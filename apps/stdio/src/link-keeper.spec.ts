import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { Bridge } from './bridge.js';
import { LinkKeeper } from './link-keeper.js';

interface Wire {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Record<string, unknown>;
  };
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A gateway that records what it hears and answers when it is told to. */
class FakeGateway {
  readonly heard: Wire[] = [];
  readonly tokens: (string | undefined)[] = [];
  refuseWith: { status: number; body: unknown; onlyToken?: string } | undefined;
  private readonly http: Server;
  private readonly sockets: WebSocket[] = [];

  constructor(readonly answer: (message: Wire, socket: WebSocket) => void) {
    const wss = new WebSocketServer({ noServer: true, handleProtocols: () => 'mcp' });
    this.http = createServer().on('upgrade', (request, socket, head) => {
      const token = request.headers.authorization?.replace('Bearer ', '');
      this.tokens.push(token);
      const { refuseWith } = this;
      if (refuseWith && (refuseWith.onlyToken === undefined || refuseWith.onlyToken === token)) {
        const body = JSON.stringify(refuseWith.body);
        socket.end(
          `HTTP/1.1 ${refuseWith.status} No\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        return;
      }
      wss.handleUpgrade(request, socket, head, (webSocket) => {
        this.sockets.push(webSocket);
        webSocket.on('message', (data: Buffer) => {
          const message = JSON.parse(data.toString()) as Wire;
          this.heard.push(message);
          this.answer(message, webSocket);
        });
      });
    });
    cleanups.push(() => {
      this.drop();
      this.http.close();
    });
  }

  async listen(port = 0): Promise<number> {
    this.http.listen(port, '127.0.0.1');
    await once(this.http, 'listening');
    return (this.http.address() as AddressInfo).port;
  }

  /** Sockets die as with a killed process. */
  drop(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }

  send(text: string): void {
    this.sockets.at(-1)?.send(text);
  }

  methods(): string[] {
    return this.heard.map(({ method }) => method ?? 'response');
  }
}

function client(port: number, options: { token?: () => string; earlyAnswerMs?: number } = {}) {
  const lines: Wire[] = [];
  const texts: string[] = [];
  const bridge = new Bridge({
    write: (line) => {
      texts.push(line);
      lines.push(JSON.parse(line) as Wire);
    },
    maxMessageBytes: 1_000,
    earlyAnswerMs: options.earlyAnswerMs,
    log: () => undefined,
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const keeper = new LinkKeeper({
    bridge,
    address: {
      baseUrl,
      mcpUrl: `${baseUrl}/mcp`,
      wsUrl: `ws://127.0.0.1:${port}/ws`,
      isDefault: false,
      isLoopback: true,
    },
    readToken: options.token ?? (() => 'token'),
    log: () => undefined,
  });
  cleanups.push(() => void keeper.stop());
  const say = (message: object) => {
    bridge.receive(JSON.stringify({ jsonrpc: '2.0', ...message }));
    keeper.nudge();
  };
  const answerTo = (id: number | string | null) =>
    vi.waitFor(
      () => {
        const found = lines.find((line) => line.id === id && line.method === undefined);
        if (!found) throw new Error(`no answer to ${String(id)}`);
        return found;
      },
      { timeout: 8_000 },
    );
  return { bridge, keeper, lines, texts, say, answerTo };
}

const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'spec', version: '1' } },
};

/** Answers every request but `tools/call slow`. */
function friendly(message: Wire, socket: WebSocket): void {
  if (message.id === undefined || message.method === undefined || message.params?.['name'] === 'slow') return;
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { echo: message.method } }));
}

async function pair(answer = friendly) {
  const gateway = new FakeGateway(answer);
  return { gateway, ...client(await gateway.listen()) };
}

describe('messages', () => {
  it('travel verbatim in both directions, and nothing happens before the first', async () => {
    const { gateway, bridge, keeper, texts } = await pair(() => undefined);
    await delay(50);
    expect(gateway.tokens).toEqual([]);
    const line = '{"jsonrpc":"2.0", "id":1e0,"method":"tools/list" ,"x":"é"}';
    bridge.receive(line);
    keeper.nudge();
    await vi.waitFor(() => expect(gateway.heard).toHaveLength(1));
    const answer = '{ "id":1,"jsonrpc":"2.0","result":{"n":1.0} }';
    gateway.send(answer);
    await vi.waitFor(() => expect(texts).toEqual([answer]));
  });

  it('of several lines become one line', async () => {
    const { texts, say } = await pair((_, socket) =>
      socket.send('{\n"jsonrpc":"2.0",\n"id":1,\n"result":{"text":"a\\nb"}\n}'),
    );
    say({ id: 1, method: 'tools/list' });
    await vi.waitFor(() => expect(texts).toEqual(['{"jsonrpc":"2.0","id":1,"result":{"text":"a\\nb"}}']));
  });

  it('keep their order while there is no gateway', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    const { say, answerTo } = client(port);
    for (let id = 1; id <= 20; id += 1) say({ id, method: 'ping' });
    await answerTo(20);
    expect(gateway.heard.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('that the gateway would punish are refused here, under their own id', async () => {
    const { gateway, bridge, say, answerTo } = await pair();
    bridge.receive('no json');
    expect((await answerTo(null)).error).toMatchObject({ code: -32700, data: { code: 'PARSE_ERROR' } });
    say({ id: 5, method: 'tools/call', params: { name: 'chat', arguments: { prompt: 'x'.repeat(2_000) } } });
    expect((await answerTo(5)).error).toMatchObject({ code: -31015, data: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(gateway.heard).toEqual([]);
  });

  it('are not answered twice', async () => {
    const { lines, say, answerTo } = await pair((message, socket) => {
      friendly(message, socket);
      friendly(message, socket);
    });
    say({ id: 1, method: 'ping' });
    say({ id: 2, method: 'ping' });
    await answerTo(2);
    await delay(50);
    expect(lines.map(({ id }) => id)).toEqual([1, 2]);
  });
});

describe('after a lost socket', () => {
  it('the legacy handshake is replayed and its answer swallowed', async () => {
    const { gateway, lines, say, answerTo } = await pair();
    say(INITIALIZE);
    await answerTo(0);
    say({ method: 'notifications/initialized' });
    say({ id: 1, method: 'tools/list' });
    await answerTo(1);
    gateway.drop();
    say({ id: 2, method: 'tools/list' });
    await answerTo(2);
    expect(gateway.methods()).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/list',
      'initialize',
      'notifications/initialized',
      'tools/list',
    ]);
    expect(gateway.heard[3]?.params).toEqual(INITIALIZE.params);
    expect(lines.map(({ id }) => id)).toEqual([0, 1, 2]);
  });

  it('nothing is replayed for 2026-07-28', async () => {
    const { gateway, say, answerTo } = await pair();
    say({ id: 1, method: 'server/discover' });
    await answerTo(1);
    gateway.drop();
    say({ id: 2, method: 'tools/list' });
    await answerTo(2);
    expect(gateway.methods()).toEqual(['server/discover', 'tools/list']);
  });

  it('a call is answered once, as a tool error that says what is known', async () => {
    const { gateway, lines, say, answerTo } = await pair();
    say(INITIALIZE);
    await answerTo(0);
    say({ id: 1, method: 'tools/call', params: { name: 'slow', _meta: { progressToken: 9 } } });
    await vi.waitFor(() => expect(gateway.methods()).toContain('tools/call'));
    const params = { progressToken: 9, progress: 1, _meta: { 'io.exai/callId': 'the-call' } };
    gateway.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }));
    await vi.waitFor(() => expect(lines.at(-1)?.method).toBe('notifications/progress'));
    gateway.drop();
    const { result } = await answerTo(1);
    expect(result).toMatchObject({
      isError: true,
      structuredContent: { status: 'error', error: { code: 'DEADLINE_EXCEEDED', callId: 'the-call' } },
    });
    expect(JSON.stringify(result)).toContain('may still be running');
    expect(result).not.toHaveProperty('resultType');
    say({ id: 2, method: 'ping' });
    await answerTo(2);
    expect(gateway.methods().filter((method) => method === 'tools/call')).toHaveLength(1);
    expect(lines.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  it('a call of 2026-07-28 is answered in the form of that revision', async () => {
    const { gateway, say, answerTo } = await pair();
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    say({ id: 1, method: 'tools/call', params: { name: 'slow', _meta } });
    await vi.waitFor(() => expect(gateway.heard).toHaveLength(1));
    gateway.drop();
    expect((await answerTo(1)).result).toMatchObject({ resultType: 'complete', isError: true });
  });

  it('reads that were under way are asked again; anything else gets one error', async () => {
    let silent = true;
    const { gateway, say, answerTo } = await pair((message, socket) => {
      if (!silent) friendly(message, socket);
    });
    say({ id: 1, method: 'tools/list' });
    say({ id: 2, method: 'tasks/cancel' });
    await vi.waitFor(() => expect(gateway.heard).toHaveLength(2));
    silent = false;
    gateway.drop();
    expect((await answerTo(1)).result).toEqual({ echo: 'tools/list' });
    expect((await answerTo(2)).error).toMatchObject({
      code: -31014,
      data: { code: 'DRAINING', retryable: true },
    });
    expect(gateway.methods()).toEqual(['tools/list', 'tasks/cancel', 'tools/list']);
  });
});

describe('cancellation', () => {
  it('is forwarded, and an answer that comes nevertheless is dropped', async () => {
    const { gateway, lines, say, answerTo } = await pair();
    say({ id: 1, method: 'tools/call', params: { name: 'slow' } });
    await vi.waitFor(() => expect(gateway.heard).toHaveLength(1));
    say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await vi.waitFor(() => expect(gateway.methods()).toContain('notifications/cancelled'));
    gateway.send('{"jsonrpc":"2.0","id":1,"result":{}}');
    say({ id: 2, method: 'ping' });
    await answerTo(2);
    expect(lines.map(({ id }) => id)).toEqual([2]);
  });

  it('of a request that still waits takes it out of the queue', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    const { say, answerTo } = client(port);
    say({ id: 1, method: 'tools/call', params: { name: 'x' } });
    say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    say({ id: 2, method: 'ping' });
    await answerTo(2);
    expect(gateway.methods()).toEqual(['ping']);
  });
});

describe('a gateway that is not there', () => {
  it('still lets the client have its answer to `initialize` in time, and hears it later', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    gateway.refuseWith = { status: 503, body: {} };
    const { lines, say, answerTo } = client(port, { earlyAnswerMs: 50 });
    say(INITIALIZE);
    expect((await answerTo(0)).result).toMatchObject({
      protocolVersion: '2025-06-18',
      serverInfo: { name: 'exai-mcp' },
    });
    say({ method: 'notifications/initialized' });
    say({ id: 1, method: 'tools/list' });
    gateway.refuseWith = undefined;
    await answerTo(1);
    expect(gateway.methods()).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
    expect(lines.map(({ id }) => id)).toEqual([0, 1]);
  });

  it('is waited for half a minute, then named in one error per request', async () => {
    const { bridge, say, answerTo } = client(1);
    vi.useFakeTimers({ toFake: ['Date'] });
    cleanups.push(() => vi.useRealTimers());
    say({ id: 1, method: 'tools/list' });
    vi.setSystemTime(Date.now() + 31_000);
    say({ id: 2, method: 'ping' });
    const { error } = await answerTo(1);
    expect(error).toMatchObject({ code: -31014, data: { code: 'DRAINING', retryable: true } });
    expect(error?.message).toContain('http://127.0.0.1:1 cannot be reached: nothing listens there');
    expect(JSON.stringify(error)).toContain('npx exai start');
    expect(bridge.hasWaiting).toBe(true);
  });
});

describe('a refused token', () => {
  const problem = {
    code: 'UNAUTHENTICATED',
    detail: 'The request carries no valid access token.',
    hint: 'x',
  };

  it('is read again once, because it may have been renewed', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    gateway.refuseWith = { status: 401, body: problem, onlyToken: 'old' };
    const tokens = ['old', 'new'];
    const { say, answerTo } = client(port, { token: () => tokens.shift() ?? 'new' });
    say({ id: 1, method: 'ping' });
    await answerTo(1);
    expect(gateway.tokens).toEqual(['old', 'new']);
  });

  it('that stays the same is an error for what waits, and the next request tries again', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    gateway.refuseWith = { status: 401, body: problem };
    const { say, answerTo } = client(port);
    say({ id: 1, method: 'ping' });
    expect((await answerTo(1)).error).toMatchObject({ code: -31001, data: { code: 'UNAUTHENTICATED' } });
    await delay(300);
    expect(gateway.tokens).toHaveLength(1);
    gateway.refuseWith = undefined;
    say({ id: 2, method: 'ping' });
    expect((await answerTo(2)).result).toEqual({ echo: 'ping' });
  });

  it('is not blamed when something else listens there', async () => {
    const gateway = new FakeGateway(friendly);
    const port = await gateway.listen();
    gateway.refuseWith = { status: 404, body: '<html>' };
    const { say, answerTo } = client(port);
    say({ id: 1, method: 'ping' });
    expect((await answerTo(1)).error?.message).toContain('answers with HTTP status 404 and is no gateway');
  });
});

describe('the end of the client', () => {
  it('waits for what is under way, then cancels the rest', async () => {
    const { gateway, bridge, keeper, say, answerTo } = await pair();
    say({ id: 1, method: 'ping' });
    await answerTo(1);
    await bridge.whenIdle();
    say({ id: 2, method: 'tools/call', params: { name: 'slow' } });
    await vi.waitFor(() => expect(gateway.methods()).toContain('tools/call'));
    let idle = false;
    void bridge.whenIdle().then(() => (idle = true));
    await delay(50);
    expect(idle).toBe(false);
    bridge.cancelInFlight('the client has gone');
    await keeper.stop();
    await vi.waitFor(() => expect(gateway.heard.at(-1)?.params).toMatchObject({ requestId: 2 }));
  });

  it('does not overtake an answer of our own', async () => {
    const { bridge, lines } = client(1);
    bridge.receive('no json');
    await bridge.whenIdle();
    expect(lines).toHaveLength(1);
  });
});
