import OpenAI, { toFile } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../server.js';

let simulator: Simulator;
let root: string;

beforeAll(async () => {
  simulator = await startSimulator();
  root = `http://127.0.0.1:${simulator.port}`;
});

afterEach(() => simulator.resetControl());

afterAll(() => simulator.close());

const clientFor = (apiKey: string, path = '/v1'): OpenAI =>
  new OpenAI({ baseURL: root + path, apiKey, maxRetries: 0 });

async function upload(client: OpenAI, content: string, purpose = 'file-extract'): Promise<OpenAI.FileObject> {
  const file = await toFile(Buffer.from(content), 'notes.md');
  return client.files.create({ file, purpose: purpose as OpenAI.FilePurpose });
}

const statusOf = (promise: Promise<unknown>): Promise<number | undefined> =>
  promise.then(
    () => 200,
    (error: unknown) => (error as { status?: number }).status,
  );

const post = (path: string, body: object) =>
  fetch(root + path, { method: 'POST', body: JSON.stringify(body) });

describe('files', () => {
  it('are uploaded, listed, read and deleted', async () => {
    const client = clientFor('files-a');
    const file = await upload(client, 'Grüße');
    expect(file).toMatchObject({ object: 'file', bytes: 7, filename: 'notes.md', purpose: 'file-extract' });
    expect(await client.files.retrieve(file.id)).toEqual(file);
    await upload(client, 'other', 'batch');
    const listed = async (query: object) => (await client.files.list(query)).data.map(({ id }) => id);
    expect(await listed({})).toHaveLength(2);
    expect(await listed({ purpose: 'file-extract' })).toEqual([file.id]);
    expect(await (await client.files.content(file.id)).json()).toMatchObject({
      content: 'Grüße',
      filename: 'notes.md',
    });
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    expect(await statusOf(client.files.retrieve(file.id))).toBe(404);
    expect(await statusOf(client.files.delete(file.id))).toBe(404);
    expect(await statusOf(client.files.content(file.id).then((response) => response.text()))).toBe(404);
  });

  it('come back as they were unless they are documents', async () => {
    const client = clientFor('files-b');
    const bytes = '\0\x01 binary';
    const { id } = await upload(client, bytes, 'image');
    expect(await (await client.files.content(id)).text()).toBe(bytes);
  });

  it('are seen only by the key they belong to', async () => {
    const { id } = await upload(clientFor('files-c'), 'secret');
    const other = clientFor('files-d');
    expect((await other.files.list()).data).toEqual([]);
    expect(await statusOf(other.files.retrieve(id))).toBe(404);
    expect(await statusOf(other.files.delete(id))).toBe(404);
  });

  it('are refused when empty, without a purpose, too large or too many', async () => {
    const client = clientFor('files-e');
    expect(await statusOf(upload(client, ''))).toBe(400);
    expect(await statusOf(upload(client, 'x', ''))).toBe(400);
    expect((await fetch(`${root}/v1/files`, { method: 'POST', body: 'no form' })).status).toBe(400);
    simulator.control({ files: { largestBytes: 100, mostFiles: 1 } });
    const glm = clientFor('files-e', '/api/paas/v4');
    for (const size of [101, 200_000]) {
      expect(await statusOf(upload(client, 'x'.repeat(size)))).toBe(413);
      expect(await statusOf(upload(glm, 'x'.repeat(size)))).toBe(435);
    }
    expect(await statusOf(upload(client, 'x'.repeat(100)))).toBe(200);
    expect(await statusOf(upload(client, 'x'))).toBe(400);
  });
});

describe('model lists', () => {
  it('name what they are told to, with whatever else is said about it', async () => {
    simulator.control({ models: ['kimi-k3', { id: 'vendor/a:free', context_length: 131_072 }] });
    const client = clientFor('models');
    expect((await client.models.list()).data).toMatchObject([
      { id: 'kimi-k3', object: 'model', owned_by: 'simulator' },
      { id: 'vendor/a:free', object: 'model', context_length: 131_072 },
    ]);
    expect(await client.models.retrieve('vendor/a:free')).toMatchObject({ context_length: 131_072 });
    expect(await statusOf(client.models.retrieve('kimi'))).toBe(404);
  });
});

describe('other endpoints', () => {
  it("give Kimi's balance and its count of tokens", async () => {
    expect(await (await fetch(`${root}/v1/users/me/balance`)).json()).toMatchObject({
      code: 0,
      data: { available_balance: 49.5 },
    });
    const messages = [{ role: 'user', content: 'x'.repeat(40) }];
    const counted = await post('/v1/tokenizers/estimate-token-count', { model: 'kimi-k3', messages });
    expect(await counted.json()).toEqual({ data: { total_tokens: 10 } });
    expect((await post('/v1/tokenizers/estimate-token-count', { messages })).status).toBe(400);
  });

  it('search the web as GLM does', async () => {
    const query = { search_engine: 'search-prime', search_query: 'mutex', count: 4, request_id: 'r1' };
    const found = (await (await post('/api/paas/v4/web_search', query)).json()) as {
      search_result: object[];
    };
    expect(found).toMatchObject({ request_id: 'r1', search_intent: [{ query: 'mutex' }] });
    expect(found.search_result).toHaveLength(4);
    expect(found.search_result[0]).toMatchObject({ title: 'Simulated result 1', refer: 'ref_1' });
    expect(await (await post('/web_search', query)).json()).toMatchObject({
      search_result: found.search_result,
    });
    expect((await post('/web_search', { ...query, count: 51 })).status).toBe(400);
    expect((await post('/web_search', { search_engine: 'x' })).status).toBe(400);
  });

  it('misbehave by their path, and leave what is queued for chats alone', async () => {
    simulator.control({ script: ['500'] });
    simulator.control({ script: ['503', 'bad-json'], forModel: '/models' });
    const models = () => fetch(`${root}/v1/models`);
    expect((await models()).status).toBe(503);
    await expect((await models()).json()).rejects.toThrow();
    expect((await models()).status).toBe(200);
    simulator.control({ always: '429-seconds(3)', forModel: '/files' });
    expect(await statusOf(clientFor('busy').files.list())).toBe(429);
    expect((await models()).status).toBe(200);
    const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
    expect((await post('/v1/chat/completions', chat)).status).toBe(500);
  });

  it('know their methods', async () => {
    expect((await post('/v1/models', {})).status).toBe(405);
    expect((await fetch(`${root}/v1/web_search`)).status).toBe(405);
    expect((await fetch(`${root}/v1/nothing`)).status).toBe(404);
  });
});
