import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocket } from 'ws';
import {
  cleanUp,
  client,
  FakeGateway,
  friendly,
  INITIALIZE,
  pair,
  type Wire,
} from '../../../test/harness/shim-pair.js';

afterEach(cleanUp);

const MODERN = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

const slowCall = (meta: object = {}) => ({
  id: 1,
  method: 'tools/call',
  params: { name: 'slow', arguments: { n: 1 }, _meta: meta },
});
const metaOf = (message: Wire | undefined) => message?.params?.['_meta'] as Record<string, unknown>;
const callsIn = (gateway: FakeGateway) => gateway.heard.filter(({ method }) => method === 'tools/call');

/** The call has reached the gateway `times` times. */
function calls(gateway: FakeGateway, times: number): Promise<Wire[]> {
  return vi.waitFor(
    () => {
      expect(callsIn(gateway)).toHaveLength(times);
      return callsIn(gateway);
    },
    { timeout: 5_000 },
  );
}

async function initialized(answer?: (message: Wire, socket: WebSocket) => void) {
  const parts = await pair(answer);
  parts.say(INITIALIZE);
  await parts.answerTo(0);
  parts.say({ method: 'notifications/initialized' });
  return parts;
}

describe('a call whose socket is lost', () => {
  it('is sent again under the same key, and the client gets the one answer', async () => {
    const { gateway, lines, say, answerTo } = await initialized();
    say(slowCall({ other: true }));
    await calls(gateway, 1);
    gateway.drop();
    const [first, again] = await calls(gateway, 2);
    expect(metaOf(first)).toMatchObject({
      other: true,
      'io.exai/idempotencyKey': expect.any(String) as string,
    });
    expect(metaOf(again)['io.exai/idempotencyKey']).toBe(metaOf(first)['io.exai/idempotencyKey']);
    expect(again?.params?.['arguments']).toEqual({ n: 1 });
    expect(gateway.methods().slice(-3)).toEqual(['initialize', 'notifications/initialized', 'tools/call']);
    gateway.send('{"jsonrpc":"2.0","id":1,"result":{"ok":true}}');
    expect((await answerTo(1)).result).toEqual({ ok: true });
    expect(lines.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  it('keeps a key of the client, and two calls never share one', async () => {
    const { gateway, say } = await pair();
    say(slowCall({ 'io.exai/idempotencyKey': 'mine' }));
    say({ ...slowCall(), id: 2 });
    say({ ...slowCall(), id: 3 });
    const keys = (await calls(gateway, 3)).map((call) => metaOf(call)['io.exai/idempotencyKey']);
    expect(keys[0]).toBe('mine');
    expect(new Set(keys).size).toBe(3);
  });

  it('says how long the client has waited, and what its limit is', async () => {
    const gateway = new FakeGateway(friendly);
    const { say } = client(await gateway.listen(), { answerWithinMs: 30_000 });
    say(slowCall());
    await calls(gateway, 1);
    await delay(600);
    gateway.drop();
    const [first, again] = await calls(gateway, 2);
    expect(metaOf(first)).toMatchObject({ 'io.exai/answerWithinMs': 30_000 });
    expect(metaOf(first)).not.toHaveProperty('io.exai/waitedMs');
    expect(metaOf(again)['io.exai/waitedMs']).toBeGreaterThanOrEqual(600);
    expect(metaOf(again)['io.exai/waitedMs']).toBeLessThan(6_000);
  });

  it('shows progress that goes on rising', async () => {
    const { gateway, lines, say } = await pair();
    const progress = (value: number, message: string) =>
      gateway.send(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 9, progress: value, message },
        }),
      );
    const shown = (count: number) =>
      vi.waitFor(() => {
        const found = lines.filter(({ method }) => method === 'notifications/progress');
        expect(found).toHaveLength(count);
        return found.map(({ params }) => [Number(params?.['progress']), params?.['message']]);
      });
    say(slowCall({ progressToken: 9 }));
    await calls(gateway, 1);
    progress(1, 'a');
    progress(2, 'b');
    await shown(2);
    gateway.drop();
    await calls(gateway, 2);
    progress(1, 'c');
    progress(2, 'd');
    progress(3, 'e');
    const values = (await shown(5)).map(([value]) => Number(value));
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    expect((await shown(5)).map(([, message]) => message)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(values[4]).toBe(3);
  });

  it('is cancelled at the next gateway when the client cancels it meanwhile', async () => {
    const { gateway, lines, say, answerTo } = await pair();
    say(slowCall({ progressToken: 9 }));
    const [first] = await calls(gateway, 1);
    gateway.refuseWith = { status: 503, body: {} };
    gateway.drop();
    await delay(50);
    say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    gateway.refuseWith = undefined;
    const [, again] = await calls(gateway, 2);
    expect(metaOf(again)['io.exai/idempotencyKey']).toBe(metaOf(first)['io.exai/idempotencyKey']);
    expect(metaOf(again)).not.toHaveProperty('progressToken');
    await vi.waitFor(() => expect(gateway.heard.at(-1)).toMatchObject({ params: { requestId: 1 } }));
    gateway.send('{"jsonrpc":"2.0","id":1,"result":{}}');
    say({ id: 2, method: 'ping' });
    await answerTo(2);
    expect(lines.map(({ id }) => id)).toEqual([2]);
  });

  it('is cancelled at the next gateway when the cancel was lost with the socket, and only then', async () => {
    const { gateway, say } = await pair();
    say(slowCall());
    say({ ...slowCall(), id: 2 });
    await calls(gateway, 2);
    say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await vi.waitFor(() => expect(gateway.methods()).toContain('notifications/cancelled'));
    // By now the gateway has said that it has read the first.
    await delay(600);
    say({ method: 'notifications/cancelled', params: { requestId: 2 } });
    gateway.drop();
    await vi.waitFor(() => expect(gateway.heard.at(-1)).toMatchObject({ params: { requestId: 2 } }), {
      timeout: 5_000,
    });
    expect(callsIn(gateway).map(({ id }) => id)).toEqual([1, 2, 2]);
  });

  it('ends at its deadline when the gateway stays away, as a tool error that says what is known', async () => {
    const { gateway, bridge, say, answerTo } = await initialized();
    say(slowCall({ progressToken: 9, 'io.exai/timeoutMs': 50_000 }));
    await calls(gateway, 1);
    const params = { progressToken: 9, progress: 1, _meta: { 'io.exai/callId': 'the-call' } };
    gateway.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }));
    await delay(50);
    gateway.refuseWith = { status: 503, body: {} };
    gateway.drop();
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    vi.setSystemTime(Date.now() + 45_000);
    await delay(500);
    expect(bridge.hasWaiting).toBe(true);
    vi.setSystemTime(Date.now() + 6_000);
    const { result } = await answerTo(1);
    expect(result).toMatchObject({
      isError: true,
      structuredContent: { status: 'error', error: { code: 'DEADLINE_EXCEEDED', callId: 'the-call' } },
    });
    expect(JSON.stringify(result)).toContain('may still be running');
    expect(result).not.toHaveProperty('resultType');
    expect(bridge.hasWaiting).toBe(false);
  });

  it('of 2026-07-28 ends in the form of that revision when no gateway lets it in again', async () => {
    const { gateway, say, answerTo } = await pair();
    say(slowCall(MODERN));
    await calls(gateway, 1);
    gateway.refuseWith = { status: 401, body: { code: 'UNAUTHENTICATED', detail: 'No.', hint: 'x' } };
    gateway.drop();
    const { result } = await answerTo(1);
    expect(result).toMatchObject({
      resultType: 'complete',
      isError: true,
      structuredContent: { error: { code: 'UNAUTHENTICATED' } },
    });
    expect(JSON.stringify(result)).toContain('may still be running');
  });

  it('is refused when it was what the gateway did not take', async () => {
    const { gateway, say, answerTo } = await pair((message, socket) => {
      if (JSON.stringify(message).length > 800) socket.close(1009);
      else friendly(message, socket);
    });
    say(slowCall());
    say({ ...slowCall(), id: 2, params: { name: 'slow', arguments: { text: 'x'.repeat(900) } } });
    expect((await answerTo(2)).error).toMatchObject({ data: { code: 'PAYLOAD_TOO_LARGE' } });
    await vi.waitFor(() => expect(gateway.heard.at(-1)).toMatchObject({ id: 1 }));
  });

  it('waits for the next socket when a gateway that ends refuses it', async () => {
    let ending = true;
    const { gateway, say, answerTo } = await pair((message, socket) => {
      const error = { code: -31014, message: 'ending', data: { code: 'DRAINING' } };
      if (ending) socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, error }));
      else friendly(message, socket);
    });
    say({ id: 1, method: 'tools/call', params: { name: 'quick' } });
    await calls(gateway, 1);
    await delay(50);
    ending = false;
    gateway.drop();
    expect((await answerTo(1)).result).toEqual({ echo: 'tools/call' });
  });
});

describe('what a socket of the 2025 revisions keeps for its client', () => {
  it('is told to the next one, and the client hears that lists may have changed', async () => {
    const { gateway, lines, say, answerTo } = await initialized();
    say({ id: 1, method: 'logging/setLevel', params: { level: 'info' } });
    say({ id: 2, method: 'resources/subscribe', params: { uri: 'exai://models' } });
    say({ id: 3, method: 'resources/subscribe', params: { uri: 'exai://threads' } });
    say({ id: 4, method: 'resources/unsubscribe', params: { uri: 'exai://threads' } });
    await answerTo(4);
    const before = gateway.heard.length;
    gateway.drop();
    say({ id: 5, method: 'ping' });
    await answerTo(5);
    expect(
      gateway.heard.slice(before).map(({ method, params }) => [method, params?.['level'] ?? params?.['uri']]),
    ).toEqual([
      ['initialize', undefined],
      ['notifications/initialized', undefined],
      ['logging/setLevel', 'info'],
      ['resources/subscribe', 'exai://models'],
      ['ping', undefined],
    ]);
    expect(lines.filter(({ method }) => method !== undefined).map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/updated',
    ]);
    expect(lines.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('a question of the gateway', () => {
  const ask = (gateway: FakeGateway, id: number) =>
    gateway.send(
      JSON.stringify({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { message: 'Which?' } }),
    );
  const asked = (lines: readonly Wire[], count: number) =>
    vi.waitFor(() => {
      const questions = lines.filter(({ method }) => method === 'elicitation/create');
      expect(questions).toHaveLength(count);
      return questions;
    });
  const answersAt = (gateway: FakeGateway) => gateway.heard.filter(({ method }) => method === undefined);

  it('that was open when its socket was lost is taken back, and its answer answers no other', async () => {
    const { gateway, lines, say } = await initialized();
    say(slowCall());
    await calls(gateway, 1);
    ask(gateway, 0);
    const [old] = await asked(lines, 1);
    expect(old?.id).toBe(0);
    gateway.drop();
    await calls(gateway, 2);
    const withdrawn = lines.find(({ method }) => method === 'notifications/cancelled');
    expect(withdrawn?.params).toMatchObject({ requestId: 0 });
    ask(gateway, 0);
    const [, next] = await asked(lines, 2);
    expect(next?.id).not.toBe(0);
    say({ id: 0, result: { action: 'late' } });
    say({ id: next?.id, result: { action: 'accept' } });
    await vi.waitFor(() => expect(answersAt(gateway)).toHaveLength(1));
    expect(answersAt(gateway)[0]).toMatchObject({ id: 0, result: { action: 'accept' } });
  });

  it('can be taken back by the gateway after a lost socket, too', async () => {
    const { gateway, lines, say } = await initialized();
    say(slowCall());
    await calls(gateway, 1);
    gateway.drop();
    await calls(gateway, 2);
    ask(gateway, 0);
    const [question] = await asked(lines, 1);
    gateway.send('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}');
    await vi.waitFor(() =>
      expect(lines.at(-1)).toMatchObject({
        method: 'notifications/cancelled',
        params: { requestId: question?.id },
      }),
    );
  });
});

describe('a subscription of 2026-07-28', () => {
  const LISTEN = {
    id: 'listen-1',
    method: 'subscriptions/listen',
    params: {
      _meta: MODERN,
      notifications: { toolsListChanged: true, resourceSubscriptions: ['exai://models'] },
    },
  };
  /** Acknowledges subscriptions, answers the rest. */
  function listening(message: Wire, socket: WebSocket): void {
    if (message.method !== 'subscriptions/listen') {
      friendly(message, socket);
      return;
    }
    const params = {
      notifications: message.params?.['notifications'],
      _meta: { [SUBSCRIPTION]: message.id },
    };
    socket.send(
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params }),
    );
  }

  it('is opened again, and the client hears once that it stands and then what it may have missed', async () => {
    const { gateway, lines, say, answerTo } = await pair(listening);
    say(LISTEN);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    gateway.drop();
    say({ id: 1, method: 'tools/list', params: { _meta: MODERN } });
    await answerTo(1);
    expect(gateway.methods()).toEqual(['subscriptions/listen', 'subscriptions/listen', 'tools/list']);
    expect(
      lines
        .filter(({ id }) => id === undefined)
        .map(({ method, params }) => [
          method,
          (params?.['_meta'] as Record<string, unknown>)[SUBSCRIPTION],
          params?.['uri'],
        ]),
    ).toEqual([
      ['notifications/subscriptions/acknowledged', 'listen-1', undefined],
      ['notifications/tools/list_changed', 'listen-1', undefined],
      ['notifications/resources/updated', 'listen-1', 'exai://models'],
    ]);
  });

  it('outlives a gateway that ends it in order, and is no reason to start one', async () => {
    const { gateway, bridge, lines, say } = await pair(listening);
    say(LISTEN);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    gateway.send('{"jsonrpc":"2.0","id":"listen-1","result":{"resultType":"complete"}}');
    await delay(50);
    expect(bridge.hasWaiting).toBe(false);
    gateway.drop();
    await vi.waitFor(() => expect(gateway.methods()).toHaveLength(2), { timeout: 5_000 });
    expect(lines.filter(({ id }) => id === 'listen-1')).toEqual([]);
  });
});
