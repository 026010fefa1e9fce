import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { bearer, INITIALIZE, MCP_HEADERS, openSession, rawStatus, upgrade } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';
import { type TokenOptions } from '../harness/tokens.js';

let server: Standalone;
const usedTokens: string[] = [];

beforeAll(async () => {
  // With a database of its own beside it, whose password must not be told either.
  server = await startStandalone({
    dataDir: temporaryDirectory(),
    keepDataDir: false,
    env: { LOG_LEVEL: 'debug' },
  });
});

afterAll(() => server.stop());

function token(options: TokenOptions): string {
  const made = server.token(options);
  usedTokens.push(made);
  return made;
}

const WRONG_SECRET = 'not-the-secret-of-this-server-0123456789abcdef';

const REFUSED: [string, () => Record<string, string>][] = [
  ['no token', () => ({})],
  ['garbage', () => bearer('garbage')],
  ['another scheme', () => ({ Authorization: `Basic ${token({})}` })],
  ['a wrong signature', () => bearer(token({ secret: WRONG_SECRET }))],
  ['algorithm none', () => bearer(token({ algorithm: 'none' }))],
  ['an expired token', () => bearer(token({ expiresIn: -60 }))],
  ['a foreign audience', () => bearer(token({ audience: 'https://elsewhere.example/mcp' }))],
  ['a foreign issuer', () => bearer(token({ issuer: 'somebody' }))],
  ['a life of more than 24 hours', () => bearer(token({ expiresIn: 25 * 3_600 }))],
];

describe.each(REFUSED)('with %s', (_name, headers) => {
  const ROUTES = [
    ['POST', '/mcp'],
    ['GET', '/mcp'],
    ['DELETE', '/mcp'],
    ['GET', '/api/v1/calls/00000000-0000-7000-8000-000000000000'],
    ['DELETE', '/api/v1/calls/00000000-0000-7000-8000-000000000000'],
    ['GET', '/api/v1/threads'],
    ['GET', '/api/v1/threads/00000000-0000-4000-8000-000000000000'],
    ['DELETE', '/api/v1/threads/00000000-0000-4000-8000-000000000000'],
    ['POST', '/api/v1/websocket-tickets'],
  ] as const;

  it.each(ROUTES)('%s %s answers 401 with a challenge', async (method, path) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...MCP_HEADERS, ...headers() },
      ...(method === 'POST' && { body: JSON.stringify(INITIALIZE) }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await response.text()).toMatch(/UNAUTHENTICATED|TOKEN_EXPIRED/);
  });

  it('the WebSocket upgrade is refused the same way', async () => {
    const refused = await upgrade(server.wsUrl, { headers: headers() });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
  });
});

it('says `invalid_token` only to those who sent one', async () => {
  const challenge = async (headers: Record<string, string>) =>
    (await fetch(`${server.url}/mcp`, { headers })).headers.get('www-authenticate');
  expect(await challenge({})).toBe('Bearer');
  expect(await challenge(bearer('garbage'))).toBe('Bearer error="invalid_token"');
});

it('refuses foreign Host and Origin headers before it looks at the token', async () => {
  const { port } = new URL(server.url);
  const auth = `Authorization: Bearer ${token({})}`;
  const get = (path: string, ...headers: string[]) =>
    rawStatus(server.url, [`GET ${path} HTTP/1.1`, ...headers]);
  expect(await get('/health/live', `Host: 127.0.0.1:${port}`)).toBe(200);
  expect(await get('/health/live', `Host: localhost:${port}`, `Origin: http://localhost:${port}`)).toBe(200);
  expect(await get('/health/live', `Host: localhost:${port}`, 'Origin: http://localhost:1')).toBe(403);
  expect(await get('/health/live', 'Host: rebound.example')).toBe(403);
  expect(await get('/mcp', 'Host: rebound.example', auth)).toBe(403);
  expect(await get('/mcp', `Host: 127.0.0.1:${port}`, 'Origin: https://page.example', auth)).toBe(403);
  const origin = await upgrade(server.wsUrl, {
    headers: { ...bearer(token({})), Origin: 'https://page.example' },
  });
  expect(origin.status).toBe(403);
  const host = await upgrade(server.wsUrl, { headers: { ...bearer(token({})), Host: 'rebound.example' } });
  expect(host.status).toBe(403);
});

it.each(['oauth-protected-resource', 'oauth-protected-resource/mcp', 'oauth-authorization-server'])(
  '/.well-known/%s says nothing while OAuth is off',
  async (path) => {
    const response = await fetch(`${server.url}/.well-known/${path}`);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('');
  },
);

describe('scopes', () => {
  it('tools:list alone lists nothing that could be called, and calls nothing', async () => {
    const client = await connect('v2-default', 'http', server, token({ scopes: ['tools:list'] }));
    expect(await client.listTools()).toEqual([]);
    await expect(client.callTool('version', {})).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });

  it('tools:call:version gives exactly that tool', async () => {
    const scopes = ['tools:list', 'tools:call:version'];
    const client = await connect('v2-default', 'websocket', server, token({ scopes }));
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['version']);
    expect((await client.callTool('version', {})).structuredContent).toMatchObject({ status: 'success' });
    await expect(client.callTool('chat', { prompt: 'hello' })).rejects.toMatchObject({
      code: -32602,
      data: { code: 'TOOL_NOT_FOUND' },
    });
    await client.close();
  });

  it('a list needs its own scope, and REST needs calls:read', async () => {
    const scopes = ['tools:call'];
    const client = await connect('v2-default', 'websocket', server, token({ scopes }));
    await expect(client.listTools()).rejects.toMatchObject({ code: -31004, data: { code: 'FORBIDDEN' } });
    await client.close();
    const response = await fetch(`${server.url}/api/v1/calls/00000000-0000-7000-8000-000000000000`, {
      headers: bearer(token({ scopes })),
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ title: 'FORBIDDEN' });
  });

  it('reads no file without files:read', async () => {
    const client = await connect(
      'v2-default',
      'http',
      server,
      token({ scopes: ['tools:list', 'tools:call'] }),
    );
    const result = await client.callTool('chat', { prompt: 'hello', files: [join(server.dataDir, 'token')] });
    expect(result.structuredContent).toMatchObject({ error: { code: 'FORBIDDEN' } });
    await client.close();
  });
});

it('answers health and metrics without a token, on gateway and worker', async () => {
  for (const base of [server.url, server.workerUrl]) {
    for (const path of ['/health', '/health/live', '/health/ready', '/health/startup', '/metrics']) {
      const { status } = await fetch(`${base}${path}`);
      expect([path, status]).toEqual([path, 200]);
    }
  }
});

it('writes no secret and no token into the log', async () => {
  await openSession(server, token({ subject: 'somebody' }));
  const secret = readFileSync(join(server.dataDir, 'jwt-secret'), 'utf8').trim();
  const password = readFileSync(join(server.dataDir, '.pg-password'), 'utf8').trim();
  const log = server.output();
  expect(log).toContain('UNAUTHENTICATED');
  const told = [secret, password, server.token(), ...usedTokens].filter((text) => log.includes(text));
  expect(told).toEqual([]);
});
