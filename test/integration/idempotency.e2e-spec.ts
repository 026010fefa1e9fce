import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallLedger } from '../../libs/dispatch/src/call-ledger.js';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { bearer, MCP_HEADERS, openSession, rpc } from '../harness/http.js';
import { modernCall } from '../harness/modern-http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const CONFLICT = { code: -31017, data: { code: 'IDEMPOTENCY_CONFLICT' } };
const TOGETHER = 50;

/** Calls that are sent again under the same key, at either of two gateways. */
describe.each(backends())('an idempotency key, with the queue on $name', (backend) => {
  let rig: Rig;
  let clients: McpClient[];
  let first: McpClient;
  let second: McpClient;
  let stranger: McpClient;

  beforeAll(async () => {
    rig = await Rig.open(backend, { gateways: 2 });
    const token = rig.token({ subject: 'owner' });
    const [one, other] = rig.gateways;
    if (!one || !other) throw new Error('Two gateways are needed.');
    first = await connect('v2-default', 'websocket', one, token);
    second = await connect('v1', 'http', other, token);
    stranger = await connect('v2-default', 'websocket', one, rig.token({ subject: 'stranger' }));
    clients = [first, second, stranger];
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await rig.close();
  });

  const send = (client: McpClient, key: unknown, prompt: string, options: CallOptions = {}) =>
    client.callTool(
      'chat',
      { prompt, model: 'simulator-1' },
      { ...options, meta: { 'io.exai/idempotencyKey': key, ...options.meta } },
    );
  const idOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);
  const isReplayed = ({ _meta }: ToolResult) => _meta?.['io.exai/replayed'] === true;
  const codeOf = ({ structuredContent }: ToolResult) =>
    (structuredContent?.['error'] as { code?: string } | undefined)?.code;
  const executions = async (result: ToolResult) => (await rig.simulator.requestsOf(idOf(result))).length;
  const running = () => rig.simulator.waitFor(({ finishedAt }) => finishedAt === null, 'the call runs');

  it('makes one call of fifty that come at once over both gateways', async () => {
    const before = (await rig.simulator.requests()).length;
    const results = await Promise.all(
      Array.from({ length: TOGETHER }, (_, index) =>
        send(index % 2 === 0 ? first : second, 'together', '[[sim: latency(500), echo]] one of many'),
      ),
    );
    expect((await rig.simulator.requests()).length - before).toBe(1);
    expect(new Set(results.map((result) => JSON.stringify(result.structuredContent))).size).toBe(1);
    expect(results[0]?.structuredContent?.['content']).toBe('one of many');
    expect(new Set(results.map(idOf)).size).toBe(1);
    expect(results.filter(isReplayed)).toHaveLength(TOGETHER - 1);

    const later = await send(second, 'together', '[[sim: latency(500), echo]] one of many');
    expect(later.structuredContent).toEqual(results[0]?.structuredContent);
    expect(isReplayed(later)).toBe(true);
    expect(await executions(later)).toBe(1);
  });

  it('refuses the same key with other arguments or for another tool, and leaves the first call alone', async () => {
    const original = send(first, 'taken', '[[sim: latency(1000), echo]] original');
    await running();
    await expect(send(second, 'taken', '[[sim: echo]] something else')).rejects.toMatchObject(CONFLICT);
    await expect(
      second.callTool(
        'kimi_chat_with_tools',
        { messages: 'original' },
        { meta: { 'io.exai/idempotencyKey': 'taken' } },
      ),
    ).rejects.toMatchObject(CONFLICT);
    const result = await original;
    expect(result.structuredContent?.['content']).toBe('original');
    expect(isReplayed(result)).toBe(false);
    await expect(send(second, 'taken', '[[sim: echo]] something else')).rejects.toMatchObject(CONFLICT);
  });

  it('is of its caller only', async () => {
    const mine = await send(first, 'shared', '[[sim: echo]] same words');
    const theirs = await send(stranger, 'shared', '[[sim: echo]] same words');
    expect(isReplayed(theirs)).toBe(false);
    expect(idOf(theirs)).not.toBe(idOf(mine));
    expect(await executions(theirs)).toBe(1);
    const other = await send(stranger, 'shared too', '[[sim: echo]] mine');
    expect(isReplayed(await send(first, 'shared too', '[[sim: echo]] yours'))).toBe(false);
    expect(isReplayed(other)).toBe(false);
  });

  it('answers a final failure again, and runs the call again after one that may be repeated', async () => {
    const ask = () =>
      first.callTool(
        'chat',
        { model: 'no-such-model', prompt: 'Hello?' },
        { meta: { 'io.exai/idempotencyKey': 'final' } },
      );
    const failed = await ask();
    const again = await ask();
    expect([codeOf(failed), codeOf(again)]).toEqual(['MODEL_NOT_FOUND', 'MODEL_NOT_FOUND']);
    expect(again.structuredContent?.['error']).toEqual(failed.structuredContent?.['error']);
    expect([isReplayed(failed), isReplayed(again)]).toEqual([false, true]);

    const down = await send(first, 'down', '[[sim: 500 x3, ok, echo]] up again');
    expect(codeOf(down)).toBe('PROVIDER_UNAVAILABLE');
    const up = await send(second, 'down', '[[sim: 500 x3, ok, echo]] up again');
    expect(isReplayed(up)).toBe(false);
    expect(idOf(up)).not.toBe(idOf(down));
  });

  it('is free again when one who joined cancels the call, and everybody who waited for it hears of that', async () => {
    const prompt = '[[sim: latency(20000), echo]] never mind';
    const original = send(first, 'cancelled', prompt);
    await running();
    const joined = send(first, 'cancelled', prompt);
    const abort = new AbortController();
    const cancelling = send(second, 'cancelled', prompt, { signal: abort.signal }).catch(() => 'given up');
    await expect(send(second, 'cancelled', 'not the same')).rejects.toMatchObject(CONFLICT);
    abort.abort();
    expect(await cancelling).toBe('given up');
    expect([codeOf(await original), codeOf(await joined)]).toEqual(['CANCELLED', 'CANCELLED']);
    const anew = await send(second, 'cancelled', '[[sim: echo]] anything');
    expect(anew.structuredContent?.['content']).toBe('anything');
    expect(isReplayed(anew)).toBe(false);
  });

  it('lets the deadline of one who joined end its own wait only', async () => {
    const prompt = '[[sim: latency(4000), echo]] patience';
    const original = send(first, 'deadline', prompt);
    const { requestId } = await running();
    const hasty = await send(second, 'deadline', prompt, { meta: { 'io.exai/timeoutMs': 300 } });
    expect(codeOf(hasty)).toBe('DEADLINE_EXCEEDED');
    expect(isReplayed(hasty)).toBe(true);
    const patient = await original;
    expect(patient.structuredContent?.['content']).toBe('patience');
    expect(idOf(patient)).toBe(requestId);
  });

  it('lets one who leaves take nobody along who waits in the same gateway', async () => {
    const prompt = '[[sim: latency(1500), echo]] still here';
    const token = rig.token({ subject: 'owner' });
    const leaving = await connect('v2-default', 'websocket', rig.gateway, token);
    const left = send(leaving, 'leaving', prompt).catch(() => 'gone');
    await running();
    const joined = send(first, 'leaving', prompt);
    await leaving.close();
    expect(await left).toBe('gone');
    const result = await joined;
    expect(result.structuredContent?.['content']).toBe('still here');
    expect(isReplayed(result)).toBe(true);
    expect(await executions(result)).toBe(1);
  });

  it('is forgotten together with the answer', async () => {
    const before = await send(first, 'forgotten', '[[sim: echo]] once');
    const pool = new pg.Pool({ connectionString: rig.databaseUrl });
    await pool.query("UPDATE tool_calls SET finished_at = finished_at - interval '25 hours' WHERE id = $1", [
      idOf(before),
    ]);
    await new CallLedger(pool, pool, undefined).dropContent(24 * 3_600_000, 100);
    await pool.end();
    const anew = await send(second, 'forgotten', '[[sim: echo]] something else');
    expect(anew.structuredContent?.['content']).toBe('something else');
    expect(isReplayed(anew)).toBe(false);
  });

  it.each(['', 'x'.repeat(129), 'schlüssel', 7])('refuses %j as a key', async (key) => {
    await expect(send(first, key, 'Hello?')).rejects.toMatchObject({
      code: -32602,
      data: { code: 'INVALID_PARAMS' },
    });
  });

  it('may come in the header of an HTTP request of either era', async () => {
    const token = rig.token({ subject: 'owner' });
    const headers = { 'Idempotency-Key': 'in the header' };
    const args = { model: 'simulator-1', prompt: '[[sim: echo]] by header' };
    const { result } = await modernCall(rig.gateway, token, 'chat', args, { headers });
    const session = await openSession(rig.gateway, token);
    const legacy = await fetch(`${rig.gateway.url}/mcp`, {
      method: 'POST',
      headers: { ...MCP_HEADERS, ...bearer(token), ...headers, 'Mcp-Session-Id': session },
      body: JSON.stringify(rpc('tools/call', { name: 'chat', arguments: args })),
    });
    const again = await legacy.text();
    const inMeta = await send(first, 'in the header', '[[sim: echo]] by header');
    expect([idOf(result as unknown as ToolResult), isReplayed(inMeta)]).toEqual([idOf(inMeta), true]);
    expect(again).toContain(`"io.exai/callId":"${idOf(inMeta)}"`);
    expect(await executions(inMeta)).toBe(1);

    const meta = { 'io.exai/idempotencyKey': 'another' };
    const refused = await modernCall(rig.gateway, token, 'chat', args, { headers, meta });
    expect(refused.error).toMatchObject({ code: -32602, data: { code: 'INVALID_PARAMS' } });
  });

  it('means nothing to a tool that the gateway answers itself', async () => {
    const options = { meta: { 'io.exai/idempotencyKey': 'inline' } };
    const one = await first.callTool('version', {}, options);
    const other = await first.callTool('version', {}, options);
    expect([one, other].map(isReplayed)).toEqual([false, false]);
    expect(idOf(other)).not.toBe(idOf(one));
  });
});
