import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type RequestLogEntry } from '../harness/simulator.js';

/** Questions about a file that a provider keeps, from the client to the vendor's file store and back. */
const root = realpathSync(temporaryDirectory());
const outside = realpathSync(temporaryDirectory());
let rig: Rig;
let database: pg.Client;
const clients: McpClient[] = [];

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('there is no queue to run on');
  rig = await Rig.open(backend, {
    env: ({ baseUrl }) => ({
      KIMI_API_KEY: 'a-key-for-the-simulator-only',
      KIMI_BASE_URL: baseUrl,
      GLM_API_KEY: 'another-key-for-the-simulator',
      GLM_BASE_URL: baseUrl,
      EXAI_FILE_ROOTS: root,
    }),
  });
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
});

afterEach(() => rig.simulator.resetControl());

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await database.end();
  await rig.close();
  for (const directory of [root, outside]) rmSync(directory, { recursive: true, force: true });
});

type Facts = Readonly<Record<string, unknown>>;

/** Somebody who has no files yet. */
async function caller(claims: Record<string, unknown> = {}, scopes?: readonly string[]) {
  const subject = `caller-${randomUUID()}`;
  const token = rig.token({ subject, claims, ...(scopes && { scopes }) });
  const client = await connect('v2-default', 'websocket', rig.gateway, token);
  clients.push(client);
  const ask = (file_path: string, args: Record<string, unknown> = {}) =>
    client.callTool('smart_file_query', { file_path, question: '[[sim: echo]] What does it say?', ...args });
  return { subject, token, client, ask };
}

function put(name: string, content: string | Uint8Array = `content ${randomUUID()}\n`): string {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const contentOf = ({ structuredContent }: ToolResult) => String(structuredContent?.['content']);
const metadataOf = ({ structuredContent }: ToolResult) => structuredContent?.['metadata'] as Facts;
const errorOf = ({ structuredContent }: ToolResult) => structuredContent?.['error'] as Facts | undefined;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function seen(): Promise<readonly RequestLogEntry[]> {
  const response = await fetch(`http://127.0.0.1:${rig.simulator.port}/__requests?all=1`);
  return (await response.json()) as RequestLogEntry[];
}

/** What reached the vendor during the work, as `POST /v1/files`. */
async function during<T>(work: () => Promise<T>): Promise<{ result: T; requests: readonly string[] }> {
  const before = (await seen()).length;
  const result = await work();
  return { result, requests: (await seen()).slice(before).map(({ method, path }) => `${method} ${path}`) };
}

const uploadsIn = (requests: readonly string[]) => requests.filter((request) => request === 'POST /v1/files');

async function rowsOf(subject: string): Promise<readonly Facts[]> {
  const { rows } = await database.query<Facts>(
    'SELECT * FROM provider_files WHERE principal_id = $1 ORDER BY created_at',
    [subject],
  );
  return rows;
}

async function vendorDeletes(fileId: unknown): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${rig.simulator.port}/v1/files/${String(fileId)}`, {
    method: 'DELETE',
    headers: { authorization: 'Bearer a-key-for-the-simulator-only' },
  });
  expect(response.status).toBe(200);
}

describe('a question about a file', () => {
  it('uploads it, shows its text to a model of the same provider, and tells what was done', async () => {
    const { ask, subject } = await caller();
    const text = `The answer is ${randomUUID()}.\n`;
    const { result, requests } = await during(() => ask(put('report.txt', text)));
    expect(contentOf(result)).toContain(text.trim());
    expect(result.structuredContent).toMatchObject({ status: 'continuation_available' });
    expect(metadataOf(result)).toMatchObject({
      provider_used: 'kimi',
      file_provider: 'kimi',
      file_id: expect.stringMatching(/^file-sim-/) as unknown,
      sha256: sha256(text),
      deduplicated: false,
      size_bytes: Buffer.byteLength(text),
    });
    const [row] = await rowsOf(subject);
    const fileId = String(row?.['provider_file_id']);
    expect(requests).toEqual([
      'POST /v1/files',
      `GET /v1/files/${fileId}/content`,
      'POST /v1/chat/completions',
    ]);
    expect(row).toMatchObject({ upload_status: 'completed', filename: 'report.txt', sha256: sha256(text) });
  });

  it('uploads the same content once, under any name, and changed content anew', async () => {
    const { ask, subject } = await caller();
    const text = `once ${randomUUID()}`;
    const path = put('once.txt', text);
    const first = await ask(path);
    const { result, requests } = await during(() => ask(put('other-name.txt', text)));
    expect(uploadsIn(requests)).toEqual([]);
    expect(metadataOf(result)).toMatchObject({
      deduplicated: true,
      upload_ms: 0,
      file_id: metadataOf(first)['file_id'],
    });
    expect((await rowsOf(subject))[0]?.['reference_count']).toBeGreaterThan(1);
    put('once.txt', `${text} changed`);
    const changed = await during(() => ask(path));
    expect(uploadsIn(changed.requests)).toHaveLength(1);
    expect(metadataOf(changed.result)).toMatchObject({ deduplicated: false });
    expect(await rowsOf(subject)).toHaveLength(2);
  });

  it('keeps the files of two callers apart although they are the same', async () => {
    const [one, other] = [await caller(), await caller()];
    const path = put('shared.txt');
    const first = await one.ask(path);
    const { result, requests } = await during(() => other.ask(path));
    expect(uploadsIn(requests)).toHaveLength(1);
    expect(metadataOf(result)).toMatchObject({ deduplicated: false });
    expect(metadataOf(result)['file_id']).not.toBe(metadataOf(first)['file_id']);
    const tenant = await caller();
    const foreign = rig.token({ subject: tenant.subject, claims: { tenant: 'another' } });
    const client = await connect('v2-default', 'websocket', rig.gateway, foreign);
    clients.push(client);
    await tenant.ask(path);
    const again = await during(() =>
      client.callTool('smart_file_query', { file_path: path, question: '[[sim: echo]] ?' }),
    );
    expect(metadataOf(again.result)).toMatchObject({ deduplicated: false });
  });

  it('uploads a file again, once, that the vendor has lost', async () => {
    const { ask, subject } = await caller();
    const path = put('lost.txt');
    const first = await ask(path);
    await vendorDeletes(metadataOf(first)['file_id']);
    const { result, requests } = await during(() => ask(path));
    expect(uploadsIn(requests)).toHaveLength(1);
    expect(metadataOf(result)).toMatchObject({ deduplicated: false });
    const rows = await rowsOf(subject);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.['provider_file_id']).toBe(metadataOf(result)['file_id']);
  });

  it('gives up when what was just uploaded is not there', async () => {
    const { ask } = await caller();
    rig.simulator.control({ always: '404-model', forModel: '/files/:/content' });
    const { result, requests } = await during(() => ask(put('never-there.txt')));
    expect(errorOf(result)).toMatchObject({ code: 'PROVIDER_BAD_RESPONSE' });
    const { attempts } = errorOf(result) as { attempts: number };
    expect(uploadsIn(requests)).toHaveLength(2 * attempts);
  });

  it('uploads once for twenty questions at the same time', async () => {
    const { ask, subject } = await caller();
    const path = put('popular.txt');
    const { result, requests } = await during(() => Promise.all(Array.from({ length: 20 }, () => ask(path))));
    expect(result.map((answer) => answer.isError ?? false)).toEqual(result.map(() => false));
    expect(uploadsIn(requests)).toHaveLength(1);
    expect(new Set(result.map((answer) => metadataOf(answer)['file_id'])).size).toBe(1);
    expect((await rowsOf(subject)).map((row) => row['upload_status'])).toEqual(['completed']);
  }, 60_000);

  it('keeps one of two uploads that two workers make at the same time', async () => {
    const second = await rig.addWorker();
    try {
      const { ask, subject } = await caller();
      const paths = Array.from({ length: 6 }, (_, index) => put(`race-${index}.txt`));
      await Promise.all(paths.flatMap((path) => Array.from({ length: 6 }, () => ask(path))));
      const completed = (await rowsOf(subject)).filter((row) => row['upload_status'] === 'completed');
      expect(completed).toHaveLength(paths.length);
      // What was uploaded in vain is deleted again at the vendor.
      const rows = await rowsOf(subject);
      expect(rows).toHaveLength(paths.length);
    } finally {
      await second.stop();
      rig.workers.splice(rig.workers.indexOf(second), 1);
    }
  }, 90_000);

  it('is tried again by the queue after a fault of the upload, and counts no half one', async () => {
    const { ask, subject, token } = await caller();
    rig.simulator.control({ script: ['500'], forModel: '/files' });
    const path = put('second-try.txt');
    const { result, requests } = await during(() => ask(path));
    expect(result.isError ?? false).toBe(false);
    expect(uploadsIn(requests)).toHaveLength(2);
    const call = await readCall(rig.gateway, token, String(result._meta?.['io.exai/callId']));
    expect(call).toMatchObject({ state: 'COMPLETED', attempts: 2 });
    const rows = await rowsOf(subject);
    expect(rows.map((row) => row['upload_status'])).toEqual(['failed', 'completed']);
    expect(metadataOf(await ask(path))).toMatchObject({ deduplicated: true });
  });

  it('shows a text file of an earlier turn again, and keeps the thread', async () => {
    const { ask, client } = await caller();
    const text = `remember ${randomUUID()}`;
    const first = await ask(put('thread.txt', text));
    const continuation_id = first.structuredContent?.['continuation_id'];
    const next = await client.callTool('chat', {
      prompt: '[[sim: echo]] And now?',
      continuation_id,
      use_websearch: false,
    });
    expect(contentOf(next)).toContain(text);
    expect(next.structuredContent).toMatchObject({ continuation_id });
  });

  it('lets any model read the text that the caller names', async () => {
    const { ask } = await caller();
    const { result } = await during(() => ask(put('for-glm.txt'), { model: 'glm-4.7-flash' }));
    expect(metadataOf(result)).toMatchObject({ provider_used: 'glm', file_provider: 'kimi' });
  });
});

describe('what may not be asked about', () => {
  it.each([
    ['a file outside the roots', () => join(outside, 'a.txt'), 'FILE_DENIED'],
    ['a link that leads out', () => join(root, 'link-out'), 'FILE_DENIED'],
    ['a secret', () => put('.env', 'KEY=1'), 'FILE_DENIED'],
    ['a directory', () => root, 'FILE_DENIED'],
    ['a missing file', () => join(root, 'missing.txt'), 'FILE_NOT_FOUND'],
    ['an empty file', () => put('empty.txt', ''), 'INVALID_ARGUMENT'],
    ['a relative path', () => 'a.txt', 'INVALID_ARGUMENT'],
    ['a file over 100 MB', () => sparse('huge.bin', 100_000_001), 'FILE_TOO_LARGE'],
  ])('%s', async (_what, path, code) => {
    writeFileSync(join(outside, 'a.txt'), 'secret');
    rmSync(join(root, 'link-out'), { force: true });
    symlinkSync(join(outside, 'a.txt'), join(root, 'link-out'));
    const { ask } = await caller();
    const { result, requests } = await during(() => ask(path()));
    expect(errorOf(result)).toMatchObject({ code });
    expect(requests).toEqual([]);
  });

  it('nothing at all without the right to read files', async () => {
    const { ask } = await caller({}, ['tools:call', 'tools:list']);
    const { result, requests } = await during(() => ask(put('no-scope.txt')));
    expect(errorOf(result)).toMatchObject({ code: 'FORBIDDEN' });
    expect(requests).toEqual([]);
  });

  it('a provider that keeps no files, that nobody knows, or that the token does not permit', async () => {
    const { ask } = await caller();
    const path = put('elsewhere.txt');
    const glm = errorOf(await ask(path, { provider: 'glm' }));
    expect(glm).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(JSON.stringify(glm)).toMatch(/glm serve one chat only: auto, kimi/);
    expect(errorOf(await ask(path, { provider: 'nobody' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const narrow = await caller({ models: ['glm-4.7-flash'] });
    const named = await during(() => narrow.ask(path, { provider: 'kimi' }));
    expect(errorOf(named.result)).toMatchObject({ code: 'MODEL_RESTRICTED' });
    const auto = await during(() => narrow.ask(path));
    expect(metadataOf(auto.result)).toMatchObject({ embedded: true, provider_used: 'glm' });
    expect([...named.requests, ...uploadsIn(auto.requests)]).toEqual([]);
  });

  function sparse(name: string, bytes: number): string {
    const path = put(name, 'x');
    truncateSync(path, bytes);
    return path;
  }
});

describe('limits of a caller', () => {
  it('sixty questions a minute, then the time to wait', async () => {
    const { ask } = await caller();
    const { ask: other } = await caller();
    const missing = join(root, 'missing.txt');
    const codes: unknown[] = [];
    for (let round = 0; round < 60; round += 1) codes.push(errorOf(await ask(missing))?.['code']);
    expect(new Set(codes)).toEqual(new Set(['FILE_NOT_FOUND']));
    const refused = errorOf(await ask(missing));
    expect(refused).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(refused?.['retryAfterMs']).toBeGreaterThan(0);
    expect(errorOf(await other(missing))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  }, 60_000);

  it('an upload that failed costs nothing of the hundred an hour', async () => {
    const { ask, subject } = await caller();
    rig.simulator.control({ always: '400-context', forModel: '/files' });
    expect((await ask(put('refused.txt'))).isError).toBe(true);
    rig.simulator.resetControl();
    const key = sha256(JSON.stringify([await tenantOf(subject), subject]));
    const { rows } = await database.query<{ key: string; points: number }>(
      'SELECT key, points FROM usage_limits WHERE key LIKE $1',
      [`%${key}`],
    );
    expect(Object.fromEntries(rows.map((row) => [row.key.split(':')[0], row.points]))).toMatchObject({
      uploads: 0,
      kilobytes: 0,
    });
  });

  async function tenantOf(subject: string): Promise<string> {
    const rows = await eventually(async () => {
      const found = await rowsOf(subject);
      return found.length > 0 && found;
    }, 'the upload is noted');
    return String(rows[0]?.['tenant_id']);
  }
});
