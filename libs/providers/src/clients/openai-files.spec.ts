import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalogue } from '../catalogue/catalogue.js';
import type { ProviderDescriptor } from '../define.js';
import { PROVIDERS } from '../descriptors/index.js';
import { type Outbound, openOutbound } from '../outbound/outbound.js';
import type { ProviderFiles } from '../provider-files.js';
import { OpenAiChatClient } from './openai-chat.client.js';

interface Quirks {
  readonly purpose: string;
  readonly maxBytes: number;
  readonly persistent: boolean;
  readonly textField?: string;
}

const QUIRKS: Quirks = { purpose: 'file-extract', maxBytes: 1_000, persistent: true };

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

let server: Server;
let outbound: Outbound;
let received: Received[];
let answer: (response: ServerResponse, request: Received) => void;

beforeEach(async () => {
  received = [];
  outbound = openOutbound({ allowPrivate: true });
  server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(parts) };
      received.push(request);
      answer(response, request);
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

function clientOf(files: Quirks | null = QUIRKS): OpenAiChatClient {
  const kimi = Catalogue.build(PROVIDERS).providers.find(({ id }) => id === 'kimi');
  if (!kimi) throw new Error('no provider');
  const provider: ProviderDescriptor = {
    ...kimi,
    query: { 'api-version': '7' },
    quirks: { ...kimi.quirks, files: files ?? undefined },
  };
  return new OpenAiChatClient({
    provider,
    apiKey: 'sk-key',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 5_000 },
    maxInflight: 8,
    fetch: outbound.fetch,
  });
}

function store(quirks: Quirks = QUIRKS): ProviderFiles {
  const { files } = clientOf(quirks);
  if (!files) throw new Error('no file store');
  return files;
}

function send(status: number, body: unknown): void {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

async function failure(promise: Promise<unknown>): Promise<ExaiError> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (raised: unknown) => raised,
  );
  if (!(error instanceof ExaiError)) throw error;
  return error;
}

async function downloaded(files: ProviderFiles, maxBytes = 1_000): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const take = (piece: Uint8Array) => Promise.resolve(void pieces.push(piece));
  await files.download('file-1', take, maxBytes, signal);
  return Buffer.concat(pieces);
}

const signal = new AbortController().signal;
const FILE = {
  id: 'file-1',
  filename: 'a.txt',
  bytes: 5,
  created_at: 1_780_272_000,
  purpose: 'file-extract',
};
const READ = {
  id: 'file-1',
  name: 'a.txt',
  size: 5,
  createdAt: new Date(1_780_272_000_000),
  purpose: 'file-extract',
};

describe('the file store', () => {
  it('is there only for a vendor that has one', () => {
    expect(store()).toMatchObject({ maxBytes: 1_000, persistent: true });
    expect(clientOf(null).files).toBeUndefined();
  });

  it('uploads bytes as they are, with name and purpose, in one request', async () => {
    send(200, FILE);
    const content = Buffer.from([0, 1, 255, 13, 10, 45, 45]);
    const file = await store().upload({ name: 'Grüße "1".bin', content }, signal);
    expect(file).toEqual(READ);
    expect(received).toHaveLength(1);
    const [{ method, url, headers, body }] = received as [Received];
    expect([method, url]).toEqual(['POST', '/v1/files?api-version=7']);
    expect(headers).toMatchObject({ authorization: 'Bearer sk-key', 'content-length': String(body.length) });
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': String(headers['content-type']) },
    }).formData();
    expect(form.get('purpose')).toBe('file-extract');
    const sent = form.get('file') as File;
    expect(sent.name).toBe('Grüße "1".bin');
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(content);
  });

  it('sends the purpose of the upload where it has one', async () => {
    send(200, FILE);
    await store().upload({ name: 'a.png', content: Buffer.from('x'), purpose: 'image' }, signal);
    expect(received[0]?.body.toString()).toContain('\r\nimage\r\n');
  });

  it('refuses an empty and a too large file without a request', async () => {
    const empty = await failure(store().upload({ name: 'a', content: new Uint8Array() }, signal));
    expect(empty.code).toBe('INVALID_ARGUMENT');
    const large = await failure(store().upload({ name: 'a', content: Buffer.alloc(1_001) }, signal));
    expect(large.code).toBe('FILE_TOO_LARGE');
    expect(received).toHaveLength(0);
  });

  it('reads one, its content, and the list of all', async () => {
    send(200, FILE);
    expect(await store().get('file-1', signal)).toEqual(READ);
    send(200, '{"content":"text of it"}');
    expect(await store().content('file-1', signal)).toBe('{"content":"text of it"}');
    send(200, { data: [FILE, { id: '../x' }, 7, { id: 'file-2' }] });
    expect(await store().list(signal)).toEqual([
      READ,
      { id: 'file-2', name: 'file-2', size: 0, createdAt: new Date(0) },
    ]);
    expect(received.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
      'GET /v1/files/file-1',
      'GET /v1/files/file-1/content',
      'GET /v1/files',
    ]);
  });

  it('takes the text out of the object that a vendor puts it into, and nothing else for it', async () => {
    const extracting = store({ ...QUIRKS, textField: 'content' });
    expect([extracting.extractsText, store().extractsText]).toEqual([true, false]);
    send(200, { content: 'Grüße', file_type: 'application/pdf', type: 'file' });
    expect(await extracting.content('file-1', signal)).toBe('Grüße');
    expect((await downloaded(extracting)).toString()).toBe('Grüße');
    for (const bare of ['bare text', '{}', '[]', '{"content":7}', '{"content":']) {
      send(200, bare);
      expect(await extracting.content('file-1', signal)).toBe(bare);
    }
  });

  it('downloads bytes as they are, and no more of them than wanted', async () => {
    const content = Buffer.from([0, 255, 128, 10, 13]);
    answer = (response) => response.end(content);
    expect(await downloaded(store())).toEqual(content);
    expect(received.at(-1)?.url).toBe('/v1/files/file-1/content?api-version=7');
    expect(await failure(downloaded(store(), 4))).toMatchObject({ code: 'FILE_TOO_LARGE' });
    const extracting = store({ ...QUIRKS, textField: 'content' });
    send(200, { content: 'seven b' });
    expect(await failure(downloaded(extracting, 6))).toMatchObject({ code: 'FILE_TOO_LARGE' });
    send(404, { error: { message: 'gone' } });
    expect((await failure(downloaded(store()))).code).toBe('FILE_NOT_FOUND');
  });

  it('deletes a file, also one that is gone', async () => {
    send(200, { id: 'file-1', deleted: true });
    await store().delete('file-1', signal);
    send(404, { error: { type: 'resource_not_found_error', message: 'not here' } });
    await store().delete('file-1', signal);
    expect(received.map(({ method }) => method)).toEqual(['DELETE', 'DELETE']);
    send(500, {});
    expect((await failure(store().delete('file-1', signal))).code).toBe('PROVIDER_UNAVAILABLE');
  });

  it.each(['../models', 'a/b', '', '..', 'a?b'])('asks nobody for the id %j', async (id) => {
    expect((await failure(store().get(id, signal))).code).toBe('FILE_NOT_FOUND');
    expect(received).toHaveLength(0);
  });

  it.each([
    [404, { error: { message: 'gone' } }, 'FILE_NOT_FOUND'],
    [413, '', 'FILE_TOO_LARGE'],
    [401, { error: { message: 'no' } }, 'PROVIDER_AUTH'],
    [429, '', 'PROVIDER_RATE_LIMITED'],
    [200, '{"id":', 'PROVIDER_BAD_RESPONSE'],
    [200, { id: 7 }, 'PROVIDER_BAD_RESPONSE'],
  ])('turns %i %j into %s', async (status, body, code) => {
    send(status, body);
    const error = await failure(store().get('file-1', signal));
    expect(error.code).toBe(code);
    expect(error.details).not.toHaveProperty('model');
  });

  it('gives up with its caller', async () => {
    answer = () => undefined;
    const caller = new AbortController();
    const pending = failure(store().get('file-1', caller.signal));
    await expect.poll(() => received.length).toBe(1);
    caller.abort();
    expect((await pending).code).toBe('CANCELLED');
  });
});

describe('the list of models', () => {
  const list = () => clientOf().listRemoteModels(signal);

  it('reads what vendors say of their models and leaves out what is none', async () => {
    send(200, {
      object: 'list',
      data: [
        { id: 'a', context_length: 262_144, supports_image_in: true },
        { id: 'b', context_window: 1_000, max_completion_tokens: 500 },
        {
          id: 'vendor/c:free',
          context_length: 2_000,
          top_provider: { max_completion_tokens: 100 },
          architecture: { input_modalities: ['text'] },
        },
        { id: 'd', max_model_len: 3_000, capabilities: { vision: true } },
        { id: 'e', context_length: -1, max_output: 'much', architecture: 'odd' },
        { id: '' },
        { id: 'x'.repeat(201) },
        { id: 'with blank' },
        { name: 'no id' },
        'text',
      ],
    });
    expect(await list()).toEqual([
      { id: 'a', contextWindow: 262_144, images: true },
      { id: 'b', contextWindow: 1_000, maxOutputTokens: 500 },
      { id: 'vendor/c:free', contextWindow: 2_000, maxOutputTokens: 100, images: false },
      { id: 'd', contextWindow: 3_000, images: true },
      { id: 'e' },
    ]);
    expect(received.map(({ method, url }) => [method, url])).toEqual([['GET', '/v1/models?api-version=7']]);
  });

  it('ends after 2,000', async () => {
    send(
      200,
      Array.from({ length: 2_500 }, (_, index) => ({ id: `m${index}` })),
    );
    expect(await list()).toHaveLength(2_000);
  });

  it.each([
    [200, 'no JSON', 'PROVIDER_BAD_RESPONSE'],
    [200, { models: [] }, 'PROVIDER_BAD_RESPONSE'],
    [401, { error: { message: 'no' } }, 'PROVIDER_AUTH'],
    [404, '', 'MODEL_NOT_FOUND'],
  ])('turns %i %j into %s', async (status, body, code) => {
    send(status, body);
    expect((await failure(list())).code).toBe(code);
  });
});
