import { once } from 'node:events';
import { Client as ClientV1 } from 'mcp-sdk-v1/client/index.js';
import { WebSocketClientTransport } from 'mcp-sdk-v1/client/websocket.js';
import pg from 'pg';
import { WebSocket as BrowserSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer, INITIALIZE, upgrade } from '../harness/http.js';
import { HandMadeSocket, frame } from '../harness/raw-frames.js';
import { RawSocket } from '../harness/raw-socket.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type Gateway } from '../harness/standalone.js';
import { getTicket } from '../harness/tickets.js';
import { eventually } from '../harness/eventually.js';

let rig: Rig;
let here: Gateway;
let there: Gateway;
let database: pg.Client;
/** What must stand in no log and no table. */
const issued: string[] = [];

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('There is no queue.');
  rig = await Rig.open(backend, { gateways: 2, env: { LOG_LEVEL: 'trace' } });
  [here, there] = rig.gateways as [Gateway, Gateway];
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
  // The official v1 transport opens the platform's own WebSocket, as a browser has it.
  vi.stubGlobal('WebSocket', BrowserSocket);
});

afterAll(async () => {
  vi.unstubAllGlobals();
  await database.end();
  await rig.close();
});

async function ticketFor(token = rig.token(), gateway = here) {
  const ticket = await getTicket(gateway, token);
  issued.push(ticket.ticket);
  return ticket;
}

async function connectWithTicket(gateway: Gateway, ticket: string): Promise<ClientV1> {
  const client = new ClientV1({ name: 'exai-tests', version: '1.0.0' });
  await client.connect(new WebSocketClientTransport(new URL(`${gateway.wsUrl}?ticket=${ticket}`)));
  return client;
}

const rejected = (gateway: Gateway, ticket: string) =>
  upgrade(`${gateway.wsUrl}?ticket=${ticket}`, { protocols: ['mcp'] });

/** Status, problem code and its sentence of an upgrade that is refused. */
async function refusal(target: string, headers: Record<string, string> = {}) {
  const socket = HandMadeSocket.open(here.url, { target, headers }, Buffer.alloc(0));
  await socket.ended;
  const [head = '', body = ''] = socket.text.split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), head, problem: JSON.parse(body) as Record<string, string> };
}

describe('a ticket', () => {
  it('is issued to whoever has a token, for 30 seconds, and is not cached', async () => {
    const response = await fetch(`${here.url}/api/v1/websocket-tickets`, {
      method: 'POST',
      headers: bearer(rig.token()),
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { ticket, expires_at, expires_in_s, protocols } = (await response.json()) as Record<
      string,
      unknown
    >;
    issued.push(String(ticket));
    expect(ticket).toMatch(/^[\w-]{43}$/);
    expect(expires_in_s).toBe(30);
    expect(Date.parse(String(expires_at)) - Date.now()).toBeLessThanOrEqual(30_500);
    expect(protocols).toEqual(['mcp', `mcp.ticket.${String(ticket)}`]);
    const stranger = await fetch(`${here.url}/api/v1/websocket-tickets`, { method: 'POST' });
    expect(stranger.status).toBe(401);
  });

  it('admits a browser that offers it as its second subprotocol, and mcp is chosen', async () => {
    const { protocols } = await ticketFor();
    const socket = new BrowserSocket(here.wsUrl, [...protocols]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('mcp');
    socket.send(JSON.stringify(INITIALIZE));
    const [event] = (await once(socket, 'message')) as [MessageEvent<string>];
    expect(event.data).toContain('"protocolVersion":"2025-11-25"');
    socket.close();
  });

  it('admits the official v1 client by its address, and at another gateway than the one that issued it', async () => {
    const { ticket } = await ticketFor();
    const client = await connectWithTicket(there, ticket);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('chat');
    const answer = await client.callTool({ name: 'chat', arguments: { prompt: '[[sim: echo]] over there' } });
    expect(answer.structuredContent).toMatchObject({ content: 'over there' });
    await client.close();
  });

  it('admits once, also when two gateways are shown it at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { ticket } = await ticketFor();
      const upgrades = await Promise.all([rejected(here, ticket), rejected(there, ticket)]);
      expect(upgrades.map(({ status }) => status).sort()).toEqual([101, 401]);
      expect((await rejected(here, ticket)).status).toBe(401);
    }
  });

  it('is worth nothing when it is expired, made up or malformed', async () => {
    const { ticket } = await ticketFor();
    await database.query("UPDATE websocket_tickets SET expires_at = now() - interval '1 second'");
    for (const worthless of [ticket, 'A'.repeat(43), 'short', '', 'x'.repeat(400)]) {
      const refused = await rejected(here, worthless);
      expect([worthless, refused.status]).toEqual([worthless, 401]);
      expect(refused.headers['content-type']).toBe('application/problem+json');
      expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('takes expired ones away when it is issued, and leaves with its use', async () => {
    await Promise.all([ticketFor(), ticketFor(), ticketFor()]);
    await database.query("UPDATE websocket_tickets SET expires_at = now() - interval '1 second'");
    const { ticket } = await ticketFor();
    const count = async () => (await database.query('SELECT 1 FROM websocket_tickets')).rowCount;
    expect(await count()).toBe(1);
    await (await connectWithTicket(here, ticket)).close();
    expect(await count()).toBe(0);
  });

  it('carries every limit of the token that asked for it', async () => {
    const token = rig.token({
      subject: 'narrow',
      scopes: ['tools:list', 'tools:call:chat', 'calls:read'],
      claims: { tenant: 'somewhere', models: ['simulator-2'], max_cost_usd: 0.01 },
    });
    const client = await connectWithTicket(there, (await ticketFor(token)).ticket);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['chat']);
    const refused = await client.callTool({
      name: 'chat',
      arguments: { model: 'simulator-1', prompt: '[[sim: echo]] no' },
    });
    expect(refused.structuredContent).toMatchObject({ error: { code: 'MODEL_RESTRICTED' } });
    const { rows } = await database.query<{ tenant_id: string; principal_id: string }>(
      "SELECT tenant_id, principal_id FROM tool_calls WHERE principal_id = 'narrow'",
    );
    expect(rows).toEqual([{ tenant_id: 'somewhere', principal_id: 'narrow' }]);
    await client.close();
  });

  it('ends with its token, and so does the socket that it opened', async () => {
    // Past its end, within the 30 seconds by which clocks may differ.
    const { ticket, expires_in_s } = await ticketFor(rig.token({ expiresIn: -26 }));
    expect(expires_in_s).toBeLessThanOrEqual(4);
    const raw = await RawSocket.openAt(`${here.wsUrl}?ticket=${ticket}`);
    expect(await raw.closed).toEqual({ code: 4401, reason: 'token expired' });
  });

  it('keeps frames that come in the same packet as its upgrade', async () => {
    const { ticket } = await ticketFor();
    const early = Buffer.concat([
      frame(JSON.stringify(INITIALIZE)),
      frame('{"jsonrpc":"2.0","id":2,"method":"ping"}'),
    ]);
    const socket = HandMadeSocket.open(here.url, { target: `/ws?ticket=${ticket}` }, early);
    await eventually(() => socket.text.includes('"id":2'), 'both early frames are answered');
    expect(socket.text).toContain('serverInfo');
    socket.destroy();
  });
});

describe('an upgrade', () => {
  it('with an access token in its address is refused with a sentence, even if the token is valid', async () => {
    const token = rig.token();
    for (const name of ['access_token', 'token', 'ticket', 'anything']) {
      for (const headers of [{}, bearer(token)]) {
        const { status, problem } = await refusal(`/ws?${name}=${token}`, headers);
        expect(status).toBe(400);
        expect(problem['detail']).toContain('an access token never goes into the address');
      }
    }
    expect((await refusal('/ws?access_token=opaque')).status).toBe(400);
  });

  it('with two credentials is refused, and the ticket stays good', async () => {
    const { ticket } = await ticketFor();
    const both = await refusal(`/ws?ticket=${ticket}`, bearer(rig.token()));
    expect([both.status, both.problem['detail']]).toEqual([400, expect.stringContaining('one credential')]);
    const twice = await refusal(`/ws?ticket=${ticket}`, {
      'Sec-WebSocket-Protocol': `mcp, mcp.ticket.${ticket}`,
    });
    expect(twice.status).toBe(400);
    expect((await rejected(here, ticket)).status).toBe(101);
  });

  it('needs mcp itself to be offered beside a ticket', async () => {
    const { ticket } = await ticketFor();
    const refused = await refusal('/ws', { 'Sec-WebSocket-Protocol': `mcp.ticket.${ticket}` });
    expect([refused.status, refused.problem['detail']]).toEqual([
      400,
      expect.stringContaining('subprotocol'),
    ]);
  });

  it('of a stranger gets an answer of HTTP and nothing of the server', async () => {
    const socket = HandMadeSocket.open(here.url, {}, frame(JSON.stringify(INITIALIZE)));
    await socket.ended;
    expect(socket.text).toMatch(/^HTTP\/1\.1 401 /);
    expect(socket.text).not.toContain('serverInfo');
  });
});

it('neither the log nor the database holds a ticket', async () => {
  const { ticket } = await ticketFor();
  const dump = await database.query('SELECT * FROM websocket_tickets');
  const kept = [
    JSON.stringify(dump.rows),
    ...dump.rows.map((row: { ticket_hash: Buffer }) => row.ticket_hash),
  ];
  expect(dump.rowCount).toBeGreaterThan(0);
  expect(kept.filter((text) => text.includes(ticket))).toEqual([]);
  const log = here.output() + there.output();
  expect(log).toContain('UNAUTHENTICATED');
  expect(issued.filter((one) => log.includes(one))).toEqual([]);
});
