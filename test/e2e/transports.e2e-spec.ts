import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, INITIALIZE, MCP_HEADERS, openSession, rpc, upgrade } from '../harness/http.js';
import { RawSocket } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({ env: { ...simulator.env, EXAI_MAX_BODY_MIB: '1' } });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

interface JsonRpcError {
  readonly error?: { readonly code: number; readonly data?: { readonly code?: string } };
}

describe('Streamable HTTP', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: { ...MCP_HEADERS, ...bearer(server.token()), ...headers },
      body,
    });
  const LIST = JSON.stringify(rpc('tools/list'));

  it('answers a request without a session with 400 and -32000', async () => {
    const response = await post(LIST);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, data: { code: 'INVALID_REQUEST' } },
    });
  });

  it('answers an unknown session with 404 and -32001', async () => {
    const response = await post(LIST, { 'Mcp-Session-Id': '9c1f8a1e-0000-4000-8000-000000000000' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: -32001, data: { code: 'NOT_FOUND' } } });
  });

  it('gives the session of another principal the same answer, and keeps it for its owner', async () => {
    const [owner, stranger] = [server.token({ subject: 'owner' }), server.token({ subject: 'stranger' })];
    const session = { 'Mcp-Session-Id': await openSession(server, owner) };
    for (const method of ['POST', 'GET', 'DELETE']) {
      const response = await fetch(`${server.url}/mcp`, {
        method,
        headers: { ...MCP_HEADERS, ...bearer(stranger), ...session },
        ...(method === 'POST' && { body: LIST }),
      });
      expect([method, response.status]).toEqual([method, 404]);
      expect(await response.json()).toMatchObject({ error: { code: -32001 } });
    }
    const own = await post(LIST, { ...session, ...bearer(owner) });
    expect(own.status).toBe(200);
    expect(await own.text()).toContain('"chat"');
  });

  it('ends a session on DELETE', async () => {
    const session = { 'Mcp-Session-Id': await openSession(server, server.token()) };
    const headers = { ...MCP_HEADERS, ...bearer(server.token()), ...session };
    expect((await fetch(`${server.url}/mcp`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await post(LIST, session)).status).toBe(404);
  });

  it('refuses other content types with 415 and clients that accept no stream with 406', async () => {
    const session = { 'Mcp-Session-Id': await openSession(server, server.token()) };
    expect((await post(LIST, { ...session, 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(LIST, { ...session, Accept: 'application/json' })).status).toBe(406);
  });

  it('answers what is not JSON with 400 and -32700', async () => {
    const response = await post('{"jsonrpc":');
    expect(response.status).toBe(400);
    const answer = (await response.json()) as JsonRpcError;
    expect(answer).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32700 } });
    expect(answer.error?.data?.code).toBe('PARSE_ERROR');
  });

  it('refuses a body above the limit with 413', async () => {
    const response = await post(
      JSON.stringify(rpc('tools/call', { name: 'chat', pad: 'x'.repeat(1_100_000) })),
    );
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { data: { code: 'PAYLOAD_TOO_LARGE' } } });
  });

  it('answers a GET without a session at once', async () => {
    const response = await fetch(`${server.url}/mcp`, {
      headers: { Accept: 'text/event-stream', ...bearer(server.token()) },
      signal: AbortSignal.timeout(5_000),
    });
    expect(response.status).toBe(400);
  });

  it('accepts an older revision and answers with it', async () => {
    const body = { ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion: '2025-03-26' } };
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"protocolVersion":"2025-03-26"');
  });
});

describe('WebSocket', () => {
  it('needs the subprotocol mcp to be offered', async () => {
    const headers = bearer(server.token());
    expect((await upgrade(server.wsUrl, { headers, protocols: [] })).status).toBe(400);
    expect((await upgrade(server.wsUrl, { headers, protocols: ['graphql-ws'] })).status).toBe(400);
    expect((await upgrade(server.wsUrl, { headers, protocols: ['other', 'mcp'] })).status).toBe(101);
  });

  it('closes with 1003 on a binary frame', async () => {
    const raw = await RawSocket.open(server, server.token());
    raw.socket.send(Buffer.from(JSON.stringify(INITIALIZE)));
    expect((await raw.closed).code).toBe(1003);
  });

  it('answers unreadable frames and goes on', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    raw.send('{"jsonrpc":');
    expect(await raw.answer(null)).toMatchObject({ error: { code: -32700, data: { code: 'PARSE_ERROR' } } });
    for (const frame of ['[]', '42', '{"hello":"world"}', JSON.stringify([rpc('tools/list')])]) {
      raw.messages.length = 0;
      raw.send(frame);
      expect(await raw.answer(null)).toMatchObject({
        error: { code: -32600, data: { code: 'INVALID_REQUEST' } },
      });
    }
    expect((await raw.request('tools/list')).result).toHaveProperty('tools');
    await raw.close();
  });

  it('closes with 1008 after more than ten unreadable frames', async () => {
    const raw = await RawSocket.open(server, server.token());
    for (let sent = 0; sent < 11; sent += 1) raw.send('garbage');
    expect((await raw.closed).code).toBe(1008);
    expect(raw.messages).toHaveLength(10);
  });

  it('closes with 1009 on a frame above the limit', async () => {
    const raw = await RawSocket.open(server, server.token());
    raw.send('x'.repeat(1_100_000));
    expect((await raw.closed).code).toBe(1009);
  });

  it('answers a frame sent in the very tick in which the socket opens', async () => {
    const raw = RawSocket.dial(server, server.token());
    raw.socket.once('open', () => raw.send({ ...INITIALIZE, id: 'early' }));
    expect((await raw.answer('early')).result).toMatchObject({ protocolVersion: '2025-11-25' });
    await raw.close();
  });

  it('gives each of 200 concurrent calls its own answer', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const answers = await Promise.all(
      numbers.map((number) => raw.callTool('chat', { prompt: `[[sim: echo]] question ${number}` })),
    );
    const contents = answers.map(
      ({ result }) => (result?.['structuredContent'] as { content?: string }).content,
    );
    expect(contents).toEqual(numbers.map((number) => `question ${number}`));
    await raw.close();
  });

  it('keeps answering others while one client only sends garbage', async () => {
    const [noisy, quiet] = [
      await RawSocket.open(server, server.token()),
      await RawSocket.initialized(server, server.token()),
    ];
    noisy.send('garbage');
    expect((await quiet.callTool('version', {})).result).toHaveProperty('structuredContent');
    await Promise.all([noisy.close(), quiet.close()]);
  });
});
