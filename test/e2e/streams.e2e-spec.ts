import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_KINDS, connect, TRANSPORTS } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { bearer, MCP_HEADERS, openSession, rpc } from '../harness/http.js';
import { ROOT } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const SERVERS = join(ROOT, 'test/integration/asking-servers');
const SCRIPTS = { gateway: join(SERVERS, 'gateway.mjs'), worker: join(SERVERS, 'worker.mjs') };
const COMBINATIONS = TRANSPORTS.flatMap((transport) =>
  CLIENT_KINDS.map((kind) => [kind, transport] as const),
);

interface SseEvent {
  readonly id?: string;
  readonly retry?: string;
  readonly data: string;
}

let rig: Rig;
let token: string;

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('No queue.');
  rig = await Rig.open(backend, { scripts: SCRIPTS });
  token = rig.token();
});

afterAll(() => rig.close());

describe.each(COMBINATIONS)('log messages to the official client %s over %s', (kind, transport) => {
  it('come in order and before the answer', async () => {
    const logs: unknown[] = [];
    const client = await connect(kind, transport, rig.gateway, token, {
      onLog: ({ data }) => logs.push(data),
    });
    // Asked for by the request since 2026-07-28; older clients get all that they did not refuse.
    const meta =
      client.protocolVersion === '2026-07-28' ? { 'io.modelcontextprotocol/logLevel': 'info' } : {};
    const result = await client.callTool('narrate', {}, { meta });
    expect(result.content).toEqual([{ type: 'text', text: 'a block' }]);
    expect(logs).toEqual([{ step: 1 }, 'nearly there', 'nearly there']);
    await client.close();
  });
});

describe('log messages of 2026-07-28', () => {
  it('are sent to those who ask for them only', async () => {
    const logs: unknown[] = [];
    const client = await connect('v2-pinned', 'http', rig.gateway, token, { onLog: (log) => logs.push(log) });
    await client.callTool('narrate', {});
    await client.callTool('narrate', {}, { meta: { 'io.modelcontextprotocol/logLevel': 'error' } });
    expect(logs).toEqual([]);
    await client.close();
  });
});

describe('a stream of a 2025 session', () => {
  const headersOf = (session: string) => ({
    ...MCP_HEADERS,
    ...bearer(token),
    'Mcp-Session-Id': session,
    'MCP-Protocol-Version': '2025-11-25',
  });

  function call(session: string, name: string, args: object): Promise<Response> {
    return fetch(`${rig.gateway.url}/mcp`, {
      method: 'POST',
      headers: headersOf(session),
      body: JSON.stringify(rpc('tools/call', { name, arguments: args, _meta: { progressToken: 'p' } }, 7)),
    });
  }

  function comeBack(session: string, lastEventId: string): Promise<Response> {
    return fetch(`${rig.gateway.url}/mcp`, {
      headers: { ...headersOf(session), 'Last-Event-ID': lastEventId },
    });
  }

  it('begins with an id and the time after which to come back', async () => {
    const events = eventsOf(await (await call(await openSession(rig.gateway, token), 'version', {})).text());
    expect(events[0]).toMatchObject({ data: '', retry: '1000' });
    expect(events[0]?.id).toBeDefined();
    expect(events.every(({ id }) => id !== undefined)).toBe(true);
    const ids = events.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
  });

  it('that the server lets go of is taken up again, and nothing is missing', async () => {
    const session = await openSession(rig.gateway, token);
    const released = eventsOf(await (await call(session, 'narrate', {})).text());
    expect(answerOf(released)).toBeUndefined();
    const lastId = released.at(-1)?.id ?? '';
    const rest = eventsOf(await (await comeBack(session, lastId)).text());
    expect(answerOf(rest)).toMatchObject({ content: [{ type: 'text', text: 'a block' }] });
    const values = [...released, ...rest].flatMap(({ data }) => progressOf(data));
    expect(values.length).toBeGreaterThanOrEqual(4);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
  });

  /** As soon as the server has seen that the old stream is gone. */
  function comeBackWhenFree(session: string, lastEventId: string): Promise<Response> {
    return eventually(async () => {
      const response = await comeBack(session, lastEventId);
      return response.status !== 409 && response;
    }, 'the old stream is gone');
  }

  it('that broke off is given again after the event that arrived last', async () => {
    const session = await openSession(rig.gateway, token);
    const broken = await call(session, 'linger', { milliseconds: 800 });
    const reader = broken.body?.getReader();
    const first = eventsOf(new TextDecoder().decode((await reader?.read())?.value));
    await reader?.cancel();
    const rest = eventsOf(await (await comeBackWhenFree(session, first.at(-1)?.id ?? '')).text());
    expect(answerOf(rest)).toMatchObject({ structuredContent: { content: 'after 800 ms' } });
    // The same once more: what was given is kept for a while.
    const again = eventsOf(await (await comeBack(session, first.at(-1)?.id ?? '')).text());
    expect(answerOf(again)).toEqual(answerOf(rest));
  });

  it('is not given after an event that nobody knows', async () => {
    const session = await openSession(rig.gateway, token);
    expect((await comeBack(session, '9999999999')).status).toBe(400);
  });

  it('is followed by official clients without anybody noticing', async () => {
    for (const kind of ['v1', 'v2-default'] as const) {
      const client = await connect(kind, 'http', rig.gateway, token);
      const result = await client.callTool('narrate', {});
      expect(result.content).toEqual([{ type: 'text', text: 'a block' }]);
      await client.close();
    }
  });
});

function eventsOf(stream: string): SseEvent[] {
  return stream
    .split('\n\n')
    .filter((block) => /^(id|event|data|retry):/m.test(block))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      const [id, retry, data = ''] = [field('id'), field('retry'), field('data')];
      return { ...(id !== undefined && { id }), ...(retry !== undefined && { retry }), data };
    });
}

function messageOf(data: string): { method?: string; params?: { progress?: number }; result?: unknown } {
  return data.trim() === '' ? {} : (JSON.parse(data) as ReturnType<typeof messageOf>);
}

function answerOf(events: readonly SseEvent[]): unknown {
  return events.map(({ data }) => messageOf(data).result).find((result) => result !== undefined);
}

function progressOf(data: string): number[] {
  const { params } = messageOf(data);
  return params?.progress === undefined ? [] : [params.progress];
}
