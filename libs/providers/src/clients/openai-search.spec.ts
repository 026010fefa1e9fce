import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalogue } from '../catalogue/catalogue.js';
import { PROVIDERS } from '../descriptors/index.js';
import { type Outbound, openOutbound } from '../outbound/outbound.js';
import type { SearchAnswer, SearchApi, SearchQuery } from '../search-api.js';
import { OpenAiChatClient } from './openai-chat.client.js';

const KEY = '0123456789abcdef0123456789abcdef.secretsecret';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

let server: Server;
let outbound: Outbound;
let received: Received[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  received = [];
  outbound = openOutbound({ allowPrivate: true });
  server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      received.push({ method, url, headers, body: JSON.parse(Buffer.concat(parts).toString()) });
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await outbound.close();
  server.closeAllConnections();
  server.close();
});

function searchOf(id: string, totalMs = 5_000): SearchApi | undefined {
  const provider = Catalogue.build(PROVIDERS).provider(id);
  if (!provider) throw new Error(`no provider ${id}`);
  return new OpenAiChatClient({
    provider,
    apiKey: KEY,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/paas/v4`,
    timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs },
    maxInflight: 8,
    fetch: outbound.fetch,
  }).searchApi;
}

const QUERY: SearchQuery = { query: 'herons', count: 10, correlationId: 'correlation-1' };
const never = new AbortController().signal;

function search(query: Partial<SearchQuery> = {}, signal = never, totalMs?: number): Promise<SearchAnswer> {
  const api = searchOf('glm', totalMs);
  if (!api) throw new Error('no search');
  return api.search({ ...QUERY, ...query }, signal);
}

async function failure(promise: Promise<unknown>): Promise<ExaiError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExaiError)) throw error;
  expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain(KEY);
  return error;
}

function send(body: unknown, status = 200, headers: Record<string, string> = {}): void {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const page = (fields: object = {}) => ({
  title: 'Herons of the pond',
  content: 'They stand.',
  link: 'https://birds.example/1',
  media: 'Birds',
  publish_date: '2026-01-01',
  ...fields,
});

it('is where the entry of the provider declares it, with its price', () => {
  expect(searchOf('glm')?.priceUsd).toBe(0.01);
  expect(searchOf('kimi')).toBeUndefined();
});

describe('a search', () => {
  it('is one request with the key of the provider, and tells the pages', async () => {
    send({ search_result: [page()] }, 200, { 'x-request-id': 'upstream-1' });
    const found = await search({
      domain: 'birds.example',
      recency: 'oneWeek',
      contentSize: 'high',
      count: 3,
    });
    expect(found).toMatchObject({
      pages: [
        {
          title: 'Herons of the pond',
          url: 'https://birds.example/1',
          snippet: 'They stand.',
          date: '2026-01-01',
          site: 'Birds',
        },
      ],
      upstreamRequestId: 'upstream-1',
      latencyMs: expect.any(Number) as number,
    });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: '/api/paas/v4/web_search',
      headers: { authorization: `Bearer ${KEY}`, 'x-request-id': 'correlation-1' },
      body: {
        search_engine: 'search-prime',
        search_query: 'herons',
        count: 3,
        search_domain_filter: 'birds.example',
        search_recency_filter: 'oneWeek',
        content_size: 'high',
      },
    });
  });

  it('sends no id in its body, which the vendor would refuse on a further attempt', async () => {
    send({ search_result: [] });
    expect((await search({ engine: 'search-std' })).pages).toEqual([]);
    expect(Object.keys(received[0]?.body as object).sort()).toEqual([
      'count',
      'search_engine',
      'search_query',
    ]);
    expect(received[0]?.body).toMatchObject({ search_engine: 'search-std' });
  });

  it('leaves out what is no page, and not more than were asked for', async () => {
    const strange = [null, 'text', {}, page({ link: 'javascript:alert(1)' }), page({ link: 'https://a b/' })];
    const poor = { link: 'https://birds.example/2', title: 7, content: null };
    send({ search_result: [...strange, page(), poor, page()] });
    expect((await search({ count: 2 })).pages).toEqual([
      expect.objectContaining({ url: 'https://birds.example/1' }),
      { title: 'https://birds.example/2', url: 'https://birds.example/2', snippet: '' },
    ]);
  });

  it('shortens long texts, and takes out what cannot be stored', async () => {
    send({ search_result: [page({ title: `a\0b${'x'.repeat(1_000)}`, content: 'y'.repeat(20_000) })] });
    const [found] = (await search()).pages;
    expect(found?.title).toMatch(/^abx{297}$/);
    expect(found?.snippet).toHaveLength(10_000);
  });
});

describe('a search that fails', () => {
  it.each([
    ['1302', 429, 'PROVIDER_RATE_LIMITED'],
    ['1113', 429, 'PROVIDER_QUOTA'],
    ['1002', 401, 'PROVIDER_AUTH'],
    ['1301', 400, 'CONTENT_FILTERED'],
    ['1214', 400, 'PROVIDER_REJECTED'],
    ['1211', 404, 'PROVIDER_REJECTED'],
    ['1234', 500, 'PROVIDER_UNAVAILABLE'],
  ])('with business code %s (%i) becomes %s', async (code, status, expected) => {
    send({ error: { code, message: `No, ${KEY}` } }, status);
    const error = await failure(search());
    expect(error.code).toBe(expected);
    expect(error.details.provider).toBe('glm');
    expect(received).toHaveLength(1);
  });

  it.each([
    ['no JSON', '<html>'],
    ['another shape', { results: [] }],
  ])('with %s is a bad response', async (_what, body) => {
    send(body);
    expect((await failure(search())).code).toBe('PROVIDER_BAD_RESPONSE');
  });

  it('because the vendor is silent ends in time', async () => {
    answer = () => undefined;
    expect((await failure(search({}, never, 50))).code).toBe('PROVIDER_TIMEOUT');
  });

  it('because the caller gave up closes the connection', async () => {
    const abort = new AbortController();
    const reason = new ExaiError('CANCELLED');
    let gone: Promise<unknown> | undefined;
    answer = (response) => {
      gone = once(response, 'close');
      abort.abort(reason);
    };
    await expect(search({}, abort.signal)).rejects.toBe(reason);
    await gone;
    expect((await failure(search({}, AbortSignal.abort()))).code).toBe('CANCELLED');
    expect(received).toHaveLength(1);
  });
});
