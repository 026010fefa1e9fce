import { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { once } from 'node:events';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INITIALIZE, MCP_HEADERS, rpc } from '../../../../test/harness/http.js';
import { eventually } from '../../../../test/harness/eventually.js';
import { SessionEvents } from './session-events.js';
import { SessionTransport } from './session-transport.js';

const PATIENT_MS = 60_000;
const HASTY_MS = 5;

let http: HttpServer;
let transport: SessionTransport;
let url: string;
let session: string;
/** What the server was asked for. */
let begun: string[];
/** Ends the wait of the tools that wait. */
let goOn: () => void;
let failures: unknown[];
let responses: ServerResponse[];

beforeEach(() => open(PATIENT_MS));
afterEach(() => close());

async function open(undecidedMs: number): Promise<void> {
  responses = [];
  begun = [];
  failures = [];
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  const server = new Server({ name: 'one', version: '1' }, { capabilities: { tools: {}, logging: {} } });
  server.setRequestHandler('tools/call', async ({ params: { name } }, ctx) => {
    begun.push(name);
    const notify = (data: string) =>
      ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
    if (name === 'fail') throw new Error('it failed');
    if (name === 'tell') await Promise.all(['1', '2', '3'].map(notify));
    if (name === 'let-go') ctx.http?.closeSSE?.();
    if (name === 'let-go' || name === 'wait') await gate;
    return { content: [{ type: 'text', text: name }] };
  });
  const streams = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => 'the-session',
    eventStore: new SessionEvents(),
    retryInterval: 1,
  });
  transport = new SessionTransport(streams, undecidedMs);
  await server.connect(transport);
  http = createServer((request, response) => {
    responses.push(response);
    const body = request.method === 'POST' ? json(request) : Promise.resolve(undefined);
    body
      .then((parsed) => transport.handle(request, response, parsed))
      .catch((error: unknown) => failures.push(error));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const answer = await fetch(url, { method: 'POST', headers: MCP_HEADERS, body: JSON.stringify(INITIALIZE) });
  await answer.text();
  session = answer.headers.get('mcp-session-id') ?? '';
}

async function close(): Promise<void> {
  goOn();
  await transport.close();
  http.closeAllConnections();
  http.close();
  expect(failures).toEqual([]);
}

const headers = () => ({
  ...MCP_HEADERS,
  'Mcp-Session-Id': session,
  'MCP-Protocol-Version': '2025-11-25',
});

function call(name: string, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify(rpc('tools/call', { name, arguments: {} }, name));
  return fetch(url, { method: 'POST', headers: headers(), body, ...(signal && { signal }) });
}

function comeBack(lastEventId: string): Promise<Response> {
  return fetch(url, { headers: { ...headers(), 'Last-Event-ID': lastEventId } });
}

const typeOf = (response: Response) => response.headers.get('content-type');
const idsIn = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
const messagesIn = (text: string): { id?: string; params?: { data: string }; result?: unknown }[] =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? '') as object);
const resultOf = (name: string) => ({ content: [{ type: 'text', text: name }] });

describe('the answer to a request of a 2025 session', () => {
  it('is plain JSON when it is there at once', async () => {
    const response = await call('now');
    expect(response.status).toBe(200);
    expect(typeOf(response)).toBe('application/json');
    expect(response.headers.get('mcp-session-id')).toBe(session);
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 'now', result: resultOf('now') });
  });

  it('is plain JSON when it is an error', async () => {
    const response = await call('fail');
    expect(response.status).toBe(200);
    expect(typeOf(response)).toBe('application/json');
    expect(await response.json()).toMatchObject({ id: 'fail', error: { message: 'it failed' } });
  });

  it('is a stream for a client that names the stream first', async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers(), Accept: 'text/event-stream, application/json' },
      body: JSON.stringify(rpc('tools/call', { name: 'now', arguments: {} }, 'now')),
    });
    expect(typeOf(response)).toBe('text/event-stream');
    expect(messagesIn(await response.text())).toEqual([
      { jsonrpc: '2.0', id: 'now', result: resultOf('now') },
    ]);
  });

  it('is a stream when something is told before it, and all of it comes in order', async () => {
    const response = await call('tell');
    expect(typeOf(response)).toBe('text/event-stream');
    const text = await response.text();
    expect(messagesIn(text).map(({ params }) => params?.data)).toEqual(['1', '2', '3', undefined]);
    expect(messagesIn(text).at(-1)).toMatchObject({ id: 'tell', result: resultOf('tell') });
    expect(idsIn(text)).toHaveLength(5);
    expect(begun).toEqual(['tell']);
  });

  it('is a stream when it takes longer, and is there for a client that lost it', async () => {
    await close();
    await open(HASTY_MS);
    const response = await call('wait');
    expect(typeOf(response)).toBe('text/event-stream');
    const reader = response.body?.getReader();
    const [opened = ''] = idsIn(new TextDecoder().decode((await reader?.read())?.value));
    await reader?.cancel();
    const again = await eventually(async () => {
      const taken = await comeBack(opened);
      return taken.status === 200 && taken;
    }, 'the old stream is gone');
    goOn();
    expect(messagesIn(await again.text())).toMatchObject([{ id: 'wait', result: resultOf('wait') }]);
    expect(begun).toEqual(['wait']);
  });

  it('can be let go of before anything was said, and be fetched later', async () => {
    const text = await (await call('let-go')).text();
    const [opened = ''] = idsIn(text);
    expect(messagesIn(text)).toEqual([]);
    goOn();
    expect(messagesIn(await (await comeBack(opened)).text())).toMatchObject([
      { id: 'let-go', result: resultOf('let-go') },
    ]);
  });

  it('is nobody the worse for when its client has gone', async () => {
    const gone = new AbortController();
    const lost = call('wait', gone.signal).catch(() => undefined);
    await eventually(() => begun.length === 1, 'the call has begun');
    gone.abort();
    await lost;
    await eventually(() => responses.at(-1)?.destroyed, 'the server knows');
    goOn();
    expect(await (await call('now')).json()).toMatchObject({ result: resultOf('now') });
  });

  it('says that there is no such session when that ends meanwhile', async () => {
    const waiting = call('wait');
    await eventually(() => begun.length === 1, 'the call has begun');
    await (await fetch(url, { method: 'DELETE', headers: headers() })).text();
    const response = await waiting;
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { message: 'Session not found' } });
  });

  it.each([
    [404, 'another session', { 'Mcp-Session-Id': 'another' }],
    [400, 'an unknown revision', { 'MCP-Protocol-Version': '1999-01-01' }],
    [406, 'a client that takes no stream', { Accept: 'application/json' }],
  ])('is a refusal with %i for %s', async (status, _what, changed) => {
    const body = JSON.stringify(rpc('tools/call', { name: 'now', arguments: {} }));
    const response = await fetch(url, { method: 'POST', headers: { ...headers(), ...changed }, body });
    expect(response.status).toBe(status);
    await response.text();
    expect(begun).toEqual([]);
  });
});
