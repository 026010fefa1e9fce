import { Client as ClientV1 } from 'mcp-sdk-v1/client/index.js';
import { WebSocketClientTransport } from 'mcp-sdk-v1/client/websocket.js';
import { ProgressNotificationSchema } from 'mcp-sdk-v1/types.js';
import pg from 'pg';
import { WebSocket as BrowserSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect, type ToolResult } from '../harness/clients.js';
import { CuttableLink } from '../harness/cuttable-link.js';
import { eventually } from '../harness/eventually.js';
import { RawSocket } from '../harness/raw-socket.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type Gateway } from '../harness/standalone.js';
import { getTicket } from '../harness/tickets.js';

let rig: Rig;
let here: Gateway;
let there: Gateway;
let link: CuttableLink;
let database: pg.Client;

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('There is no queue.');
  rig = await Rig.open(backend, { gateways: 2 });
  [here, there] = rig.gateways as [Gateway, Gateway];
  link = await CuttableLink.to(here.url);
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
  vi.stubGlobal('WebSocket', BrowserSocket);
});

afterAll(async () => {
  vi.unstubAllGlobals();
  link.close();
  await database.end();
  await rig.close();
});

/** The official client of the older SDK with its own WebSocket transport. */
async function clientOver(wsUrl: string, token: string): Promise<ClientV1> {
  const { ticket } = await getTicket(here, token);
  const client = new ClientV1({ name: 'exai-tests', version: '1.0.0' });
  await client.connect(new WebSocketClientTransport(new URL(`${wsUrl}?ticket=${ticket}`)));
  return client;
}

const contentOf = (result: ToolResult) => result.structuredContent?.['content'];

describe('a socket that is lost while a call runs', () => {
  it('leaves the answer to be collected by the id that came with the first progress, at any gateway', async () => {
    const token = rig.token({ subject: 'collector' });
    const client = await clientOver(link.wsUrl, token);
    const ids: unknown[] = [];
    const heard = new Promise<void>((resolve) => {
      client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => {
        ids.push(params._meta?.['io.exai/callId']);
        resolve();
      });
    });
    const lost = client.callTool({
      name: 'chat',
      arguments: { prompt: '[[sim: latency(1500), echo]] kept for you' },
      _meta: { progressToken: 'mine' },
    });
    lost.catch(() => undefined);
    await heard;
    link.cut();
    await expect(lost).rejects.toThrow('closed');

    const again = await connect('v1', 'websocket', there, token);
    const collected = await eventually(async () => {
      const answer = await again.callTool('call_result', { call_id: ids[0] });
      return answer.structuredContent?.['status'] !== 'in_progress' && answer;
    }, 'the call ends');
    expect(contentOf(collected)).toBe('kept for you');
    await again.close();
  });

  it('is joined by the same call under the same key: asked once, answered to both', async () => {
    const token = rig.token({ subject: 'joiner' });
    const call = (to: ClientV1) =>
      to.callTool({
        name: 'chat',
        arguments: { prompt: '[[sim: latency(1500), echo]] only once' },
        _meta: { 'io.exai/idempotencyKey': 'lost-socket' },
      });
    const client = await clientOver(link.wsUrl, token);
    const lost = call(client);
    lost.catch(() => undefined);
    const rows = async () =>
      (
        await database.query<{ id: string; attempts: number }>(
          "SELECT id, attempts FROM tool_calls WHERE principal_id = 'joiner'",
        )
      ).rows;
    await eventually(async () => (await rows()).length === 1, 'the call is accepted');
    link.cut();
    await expect(lost).rejects.toThrow('closed');

    const again = await clientOver(there.wsUrl, token);
    const joined = (await call(again)) as ToolResult;
    expect(contentOf(joined)).toBe('only once');
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row?.attempts).toBe(1);
    expect(joined._meta).toMatchObject({ 'io.exai/callId': row?.id, 'io.exai/replayed': true });
    await again.close();
  });

  it('because its token ended keeps its calls running', async () => {
    const raw = await RawSocket.initialized(here, rig.token({ subject: 'expiring', expiresIn: -27 }));
    raw.send({
      jsonrpc: '2.0',
      id: 'late',
      method: 'tools/call',
      params: {
        name: 'chat',
        arguments: { prompt: '[[sim: latency(4000), echo]] still there' },
        _meta: { 'io.exai/idempotencyKey': 'expired-token' },
      },
    });
    expect((await raw.closed).code).toBe(4401);
    const renewed = await connect('v2-default', 'websocket', here, rig.token({ subject: 'expiring' }));
    const joined = await renewed.callTool(
      'chat',
      { prompt: '[[sim: latency(4000), echo]] still there' },
      { meta: { 'io.exai/idempotencyKey': 'expired-token' } },
    );
    expect(contentOf(joined)).toBe('still there');
    expect(joined._meta).toMatchObject({ 'io.exai/replayed': true });
    await renewed.close();
  });
});

it('a gateway that stops answers what runs, then closes with 1012', async () => {
  const leaving = await rig.addGateway();
  const raw = await RawSocket.initialized(leaving, rig.token({ subject: 'last' }));
  const answer = raw.callTool('chat', { prompt: '[[sim: latency(700), echo]] last words' });
  await eventually(
    async () => (await database.query("SELECT 1 FROM tool_calls WHERE principal_id = 'last'")).rowCount === 1,
    'the call is accepted',
  );
  const stopped = leaving.stop();
  expect((await answer).result).toMatchObject({ structuredContent: { content: 'last words' } });
  expect(await raw.closed).toEqual({ code: 1012, reason: 'restarting' });
  expect(await stopped).toBe(0);
});
