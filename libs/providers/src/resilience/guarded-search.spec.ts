import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelCard } from '../catalogue/model-card.js';
import { OpenAiChatClient } from '../clients/openai-chat.client.js';
import { providerSchema } from '../define.js';
import type { ModelClient } from '../model-client.js';
import { type Outbound, openOutbound } from '../outbound/outbound.js';
import { RunningRequests } from '../running-requests.js';
import { SEARCH_TARGET, type SearchQuery } from '../search-api.js';
import { ProviderBusy } from './provider-busy.js';
import { Resilience } from './resilience.js';

const vendor = providerSchema.parse({
  id: 'vendor',
  title: 'Vendor',
  api: 'openai-chat',
  baseUrl: 'http://127.0.0.1:1/v1',
  models: [{ id: 'small', contextWindow: 8_000, maxOutputTokens: 1_000, intelligence: 5 }],
  quirks: { searchApi: { path: '/find', engine: 'usual', priceUsd: 0.5 } },
});
const [small] = vendor.models as [ModelCard];
const never = new AbortController().signal;

let server: Server;
let outbound: Outbound;
let client: ModelClient;
let running: RunningRequests;
let metrics: Metrics;
let answer: (response: ServerResponse, path: string) => void;
let received: number;

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function fine(response: ServerResponse, path: string): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }];
  send(response, 200, path.endsWith('/find') ? { search_result: [] } : { id: '1', choices });
}

beforeEach(async () => {
  answer = fine;
  received = 0;
  outbound = openOutbound({ allowPrivate: true });
  server = createServer((incoming, response) => {
    received += 1;
    incoming.resume();
    answer(response, incoming.url ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  metrics = new Metrics();
  running = new RunningRequests();
  client = guarded(1);
});

afterEach(async () => {
  register.clear();
  await outbound.close();
  server.closeAllConnections();
  server.close();
});

function guarded(maxInflight: number): ModelClient {
  const settings = {
    provider: vendor,
    apiKey: 'key-1',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 5_000 },
    maxInflight,
    fetch: outbound.fetch,
  };
  return running.watch(new Resilience(metrics).guard(new OpenAiChatClient(settings), settings));
}

async function search(query: Partial<SearchQuery> = {}): Promise<unknown> {
  return client.searchApi?.search({ query: 'x', count: 1, correlationId: 'c-1', ...query }, never);
}

function ask(): Promise<unknown> {
  const messages = [{ role: 'user', content: 'hello' }] as const;
  return client.complete({ model: small, messages, correlationId: 'c-1', streamed: false }, never);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    if (error instanceof ProviderBusy) return 'busy';
    if (error instanceof ExaiError) return error.code;
    throw error;
  }
}

describe('a search', () => {
  it('keeps its price through everything that wraps the client', () => {
    expect(client.searchApi?.priceUsd).toBe(0.5);
  });

  it('is counted and timed under a name of its own', async () => {
    expect(await codeOf(search())).toBe('ok');
    const { values } = await metrics.providerRequests.get();
    expect(values).toEqual([
      expect.objectContaining({ value: 1, labels: { provider: 'vendor', model: SEARCH_TARGET, code: 'ok' } }),
    ]);
  });

  it('counts as running, and takes a slot of the provider', async () => {
    let release = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      answer = (response, path) => {
        release = () => fine(response, path);
        resolve();
      };
    });
    const first = codeOf(search());
    await arrived;
    expect(running.count).toBe(1);
    const waiting = codeOf(ask());
    expect(await codeOf(ask())).toBe('busy');
    expect(await codeOf(search())).toBe('busy');
    answer = fine;
    release();
    expect(await Promise.all([first, waiting])).toEqual(['ok', 'ok']);
    expect(running.count).toBe(0);
  });

  it('asks for leave before anything is sent, and is not sent without it', async () => {
    const broke = new ExaiError('QUOTA_EXCEEDED');
    expect(await codeOf(search({ admit: () => Promise.reject(broke) }))).toBe('QUOTA_EXCEEDED');
    expect(received).toBe(0);
  });

  it('that fails five times is not asked again for a while, and models still are', async () => {
    answer = (response, path) =>
      path.endsWith('/find') ? send(response, 503, { error: { message: 'no' } }) : fine(response, path);
    for (let index = 0; index < 5; index += 1) expect(await codeOf(search())).toBe('PROVIDER_UNAVAILABLE');
    expect(await codeOf(search())).toBe('CIRCUIT_OPEN');
    expect(received).toBe(5);
    expect(await codeOf(ask())).toBe('ok');
  });

  it('that tells of a refused key closes the way to the models too', async () => {
    answer = (response) => send(response, 401, { error: { message: 'no' } });
    expect(await codeOf(search())).toBe('PROVIDER_AUTH');
    expect(await codeOf(ask())).toBe('PROVIDER_AUTH');
    expect(received).toBe(1);
  });
});
