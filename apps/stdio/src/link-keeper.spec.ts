import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { cleanUp, client, FakeGateway, friendly, INITIALIZE, pair } from '../../../test/harness/shim-pair.js';

afterEach(cleanUp);

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
    say({ id: 5, method: 'tools/call', params: { name: 'chat', arguments: { prompt: 'x'.repeat(3_000) } } });
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
    expect(lines.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual([0, 1, 2]);
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

  it('reads that were under way are asked again; anything else gets one error', async () => {
    let silent = true;
    const { gateway, say, answerTo } = await pair((message, socket) => {
      if (!silent) friendly(message, socket);
    });
    say({ id: 1, method: 'tools/list' });
    say({ id: 2, method: 'vendor/do' });
    await vi.waitFor(() => expect(gateway.heard).toHaveLength(2));
    silent = false;
    gateway.drop();
    expect((await answerTo(1)).result).toEqual({ echo: 'tools/list' });
    expect((await answerTo(2)).error).toMatchObject({
      code: -31014,
      data: { code: 'DRAINING', retryable: true },
    });
    expect(gateway.methods()).toEqual(['tools/list', 'vendor/do', 'tools/list']);
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
    onTestFinished(() => void vi.useRealTimers());
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
