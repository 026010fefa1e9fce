import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type RequestLogEntry } from '../harness/simulator.js';

/** What callers do with the files they have at a provider: fetch them, look at them, delete them. */
const KEY = 'a-key-for-the-simulator-only';
const root = realpathSync(temporaryDirectory());
const downloads = join(realpathSync(temporaryDirectory()), 'downloads');
let rig: Rig;
let database: pg.Client;
const clients: McpClient[] = [];

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('there is no queue to run on');
  rig = await Rig.open(backend, {
    env: ({ baseUrl }) => ({
      KIMI_API_KEY: KEY,
      KIMI_BASE_URL: baseUrl,
      EXAI_FILE_ROOTS: root,
      EXAI_DOWNLOAD_DIR: downloads,
      TOOL_PROFILE: 'full',
    }),
  });
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await database.end();
  await rig.close();
  for (const directory of [root, dirname(downloads)]) rmSync(directory, { recursive: true, force: true });
});

type Facts = Readonly<Record<string, unknown>>;

const contentOf = ({ structuredContent }: ToolResult) => String(structuredContent?.['content']);
const metadataOf = ({ structuredContent }: ToolResult) => structuredContent?.['metadata'] as Facts;
const codeOf = ({ structuredContent }: ToolResult) =>
  (structuredContent?.['error'] as Facts | undefined)?.['code'];
const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** Somebody who has no files yet. */
async function caller() {
  const subject = `caller-${randomUUID()}`;
  const client = await connect('v2-default', 'websocket', rig.gateway, rig.token({ subject }));
  clients.push(client);
  const store = async (name: string, content: string | Uint8Array = `content ${randomUUID()}`) => {
    const file_path = join(root, randomUUID(), name);
    mkdirSync(dirname(file_path));
    writeFileSync(file_path, content);
    const question = '[[sim: echo]] What is it?';
    const answer = await client.callTool('smart_file_query', { file_path, question });
    expect(answer.isError ?? false, JSON.stringify(answer.structuredContent)).toBe(false);
    return { id: String(metadataOf(answer)['file_id']), file_path };
  };
  const download = (file_id: string, args: Facts = {}) =>
    client.callTool('smart_file_download', { file_id, ...args });
  const manage = (operation: string, args: Facts = {}) =>
    client.callTool('kimi_manage_files', { operation, ...args });
  return { subject, client, store, download, manage };
}

async function during<T>(work: () => Promise<T>): Promise<{ result: T; requests: readonly string[] }> {
  const all = async () => {
    const response = await fetch(`http://127.0.0.1:${rig.simulator.port}/__requests?all=1`);
    return (await response.json()) as RequestLogEntry[];
  };
  const before = (await all()).length;
  const result = await work();
  return { result, requests: (await all()).slice(before).map(({ method, path }) => `${method} ${path}`) };
}

async function vendorFiles(): Promise<readonly string[]> {
  const response = await fetch(`${rig.simulator.baseUrl}/files`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
}

async function vendorDeletes(id: string): Promise<void> {
  await fetch(`${rig.simulator.baseUrl}/files/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${KEY}` },
  });
}

async function rowOf(fileId: string): Promise<Facts> {
  const { rows } = await database.query<Facts>('SELECT * FROM provider_files WHERE provider_file_id = $1', [
    fileId,
  ]);
  return rows[0] ?? {};
}

async function downloadsOf(fileId: string): Promise<readonly Facts[]> {
  const { rows } = await database.query<Facts>(
    'SELECT * FROM file_downloads WHERE provider_file_id = $1 ORDER BY id',
    [fileId],
  );
  return rows;
}

describe('a download', () => {
  it('brings the file once from the vendor and then from the cache, and is recorded each time', async () => {
    const { store, download } = await caller();
    const text = `text ${randomUUID()}`;
    const { id } = await store('notes.txt', text);
    const first = await during(() => download(id));
    const path = contentOf(first.result);
    expect(dirname(path)).toBe(downloads);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(metadataOf(first.result)).toMatchObject({
      cache_hit: false,
      cache_source: 'provider',
      size_bytes: text.length,
      sha256: sha256(text),
      extracted_text: false,
    });
    expect(first.requests).toEqual([`GET /v1/files/${id}/content`]);
    const second = await during(() => download(id));
    expect(second.requests).toEqual([]);
    expect(metadataOf(second.result)).toMatchObject({ cache_hit: true, cache_source: 'local' });
    // The same content is there already.
    expect(contentOf(second.result)).toBe(path);
    const records = await downloadsOf(id);
    expect(records.map((row) => [row['cache_hit'], row['error_count'], row['destination']])).toEqual([
      [false, 0, path],
      [true, 0, path],
    ]);
  });

  it('says so when it is the text that the vendor found in the file', async () => {
    const { store, download } = await caller();
    // As the simulator extracts: what is no UTF-8 is replaced.
    const { id } = await store('scan.pdf', Buffer.from([0x25, 0x50, 0x44, 0x46, 0xff, 0xfe]));
    const result = await download(id);
    expect(basename(contentOf(result))).toBe('scan.pdf.txt');
    expect(metadataOf(result)).toMatchObject({ extracted_text: true });
    expect(result.structuredContent?.['note']).toMatch(/text that the provider extracted/);
  });

  it('asks the vendor once for many at the same time', async () => {
    const { store, download } = await caller();
    const { id } = await store('popular.md');
    const { result, requests } = await during(() =>
      Promise.all(Array.from({ length: 10 }, () => download(id))),
    );
    expect(requests).toEqual([`GET /v1/files/${id}/content`]);
    expect(new Set(result.map(contentOf)).size).toBe(1);
  });

  it('notices a cached file that was changed, and fetches it again', async () => {
    const { store, download } = await caller();
    const text = `true ${randomUUID()}`;
    const { id } = await store('cached.txt', text);
    await download(id);
    writeFileSync(String((await rowOf(id))['cache_path']), 'tampered');
    const { result, requests } = await during(() => download(id));
    expect(requests).toHaveLength(1);
    expect(metadataOf(result)).toMatchObject({ cache_hit: false, sha256: sha256(text) });
    expect(readFileSync(contentOf(result), 'utf8')).toBe(text);
    expect((await downloadsOf(id)).at(-1)).toMatchObject({ error_count: 1, error_code: null });
  });

  it('fetches again what is past its time in the cache', async () => {
    const { store, download } = await caller();
    const { id } = await store('old.txt');
    await download(id);
    const { cache_expires_at } = await rowOf(id);
    const days = ((cache_expires_at as Date).getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(13.9);
    await database.query('UPDATE provider_files SET cache_expires_at = now() WHERE provider_file_id = $1', [
      id,
    ]);
    expect((await during(() => download(id))).requests).toHaveLength(1);
  });

  it('leaves nothing behind of content that is not what it was', async () => {
    const { store, download } = await caller();
    const { id } = await store('changed.txt');
    await download(id);
    const { cache_path } = await rowOf(id);
    await database.query(
      'UPDATE provider_files SET content_sha256 = $2, cache_expires_at = now() WHERE provider_file_id = $1',
      [id, sha256('what it was')],
    );
    rmSync(String(cache_path));
    const before = readdirSync(downloads);
    const result = await download(id);
    expect(codeOf(result)).toBe('FILE_CORRUPTED');
    expect(readdirSync(downloads)).toEqual(before);
    expect(readdirSync(dirname(String(cache_path))).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(existsSync(String(cache_path))).toBe(false);
    expect((await downloadsOf(id)).at(-1)).toMatchObject({ error_code: 'FILE_CORRUPTED', destination: null });
  });

  it('never writes over another file, and follows no link that stands in its place', async () => {
    const { store, download } = await caller();
    const first = await store('same-name.txt', 'one');
    const second = await store('same-name.txt', 'two');
    const target = join(root, 'target.txt');
    writeFileSync(target, 'untouched');
    symlinkSync(target, join(downloads, 'linked.txt'));
    const third = await store('linked.txt', 'three');
    const paths = [
      contentOf(await download(first.id)),
      contentOf(await download(second.id)),
      contentOf(await download(third.id)),
    ];
    expect(paths.map((path) => basename(path))).toEqual(['same-name.txt', 'same-name-1.txt', 'linked-1.txt']);
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['one', 'two', 'three']);
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it('goes below the directory for downloads and nowhere else', async () => {
    const { store, download } = await caller();
    const { id } = await store('placed.txt');
    const below = join(downloads, 'a', 'b');
    expect(dirname(contentOf(await download(id, { destination: below })))).toBe(below);
    symlinkSync(root, join(downloads, 'way-out'));
    for (const destination of [
      root,
      '/etc',
      `${downloads}/../elsewhere`,
      join(downloads, 'way-out'),
      join(downloads, 'way-out', 'new'),
      `${downloads}-evil`,
    ]) {
      const refused = await download(id, { destination });
      expect([destination, codeOf(refused)]).toEqual([destination, 'FILE_DENIED']);
      expect(JSON.stringify(refused.structuredContent)).not.toContain(dirname(downloads));
    }
    expect(codeOf(await download(id, { destination: 'relative' }))).toBe('INVALID_ARGUMENT');
    expect(codeOf(await download(id, { destination: `${downloads}/a\u0001b` }))).toBe('INVALID_ARGUMENT');
    expect(existsSync(join(root, 'new'))).toBe(false);
    expect(existsSync(`${downloads}-evil`)).toBe(false);
  });

  it.each([
    ['../escape.txt', '_escape.txt'],
    ['.bashrc', 'bashrc'],
    ['a\u0001b\u202e.txt', 'ab.txt'],
    ['..', 'file'],
    [`${'n'.repeat(300)}.txt`, `${'n'.repeat(235)}.txt`],
  ])('makes a harmless name of %j', async (recorded, name) => {
    const { store, download } = await caller();
    const { id } = await store('harmless.txt');
    await database.query('UPDATE provider_files SET filename = $2 WHERE provider_file_id = $1', [
      id,
      recorded,
    ]);
    const path = contentOf(await download(id, { destination: join(downloads, randomUUID()) }));
    expect(basename(path)).toBe(name);
    expect(path.startsWith(`${downloads}/`)).toBe(true);
  });

  it.each([
    ['by its name', 'setup.EXE', 'text'],
    ['by its name', 'run.sh', 'echo'],
    ['as a script', 'innocent.txt', '#!/bin/sh\necho'],
    ['as a Linux program', 'innocent.dat', Buffer.from('\x7fELF rest')],
    ['as a Windows program', 'innocent.doc', Buffer.from('MZ rest')],
  ])('refuses a program, %s: %s', async (_how, name, content) => {
    const { store, download } = await caller();
    const { id } = await store(name, content);
    expect(codeOf(await download(id))).toBe('FILE_BINARY');
    expect(readdirSync(downloads).filter((found) => found.startsWith(name))).toEqual([]);
  });

  it('is refused when it is too large for its kind', async () => {
    const { store, download } = await caller();
    const { id } = await store('grown.txt');
    const large = await growAtVendor(id);
    expect(codeOf(await download(large))).toBe('FILE_TOO_LARGE');
    expect(existsSync(join(downloads, 'grown.txt'))).toBe(false);
  });

  /** The record stands for another file at the vendor afterwards, of six megabytes. */
  async function growAtVendor(id: string): Promise<string> {
    const form = new FormData();
    form.set('purpose', 'file-extract');
    form.set('file', new File(['x'.repeat(6_000_000)], 'grown.txt'));
    const headers = { authorization: `Bearer ${KEY}` };
    const response = await fetch(`${rig.simulator.baseUrl}/files`, { method: 'POST', headers, body: form });
    const { id: large } = (await response.json()) as { id: string };
    const sql = 'UPDATE provider_files SET provider_file_id = $2 WHERE provider_file_id = $1';
    await database.query(sql, [id, large]);
    return large;
  }

  it('gives nobody the file of another, nor what nobody registered', async () => {
    const { store } = await caller();
    const stranger = await caller();
    const { id } = await store('private.txt');
    const { result, requests } = await during(() => stranger.download(id));
    expect(codeOf(result)).toBe('FILE_NOT_FOUND');
    const unknown = await stranger.download('file-of-nobody');
    const wordsOf = (answer: ToolResult) => (answer.structuredContent?.['error'] as Facts)['message'];
    expect(wordsOf(unknown)).toBe(wordsOf(result));
    expect(requests).toEqual([]);
    expect(codeOf(await stranger.download('../etc/passwd'))).toBe('INVALID_ARGUMENT');
  });

  it('says that a file is gone which the vendor has lost, and forgets it', async () => {
    const { store, download } = await caller();
    const { id } = await store('gone.txt');
    await vendorDeletes(id);
    expect(codeOf(await download(id))).toBe('FILE_NOT_FOUND');
    expect(await rowOf(id)).toEqual({});
  });
});

describe('kimi_manage_files', () => {
  const idsIn = (result: ToolResult, field: string) =>
    (result.structuredContent?.[field] as Facts[]).map((file) => file['file_id']);

  it('lists and deletes the files of its caller, and nobody else’s', async () => {
    const [owner, stranger] = [await caller(), await caller()];
    const { id } = await owner.store('mine.txt');
    const { id: other } = await stranger.store('yours.txt');
    expect(idsIn(await owner.manage('list'), 'files')).toEqual([id]);
    expect(codeOf(await stranger.manage('delete', { file_id: id }))).toBe('FILE_NOT_FOUND');
    await stranger.manage('cleanup_all');
    expect(await vendorFiles()).toContain(id);
    expect(await vendorFiles()).not.toContain(other);
    await owner.download(id);
    const cached = String((await rowOf(id))['cache_path']);
    expect(statSync(cached).isFile()).toBe(true);
    const dry = await owner.manage('delete', { file_id: id, dry_run: true });
    expect(idsIn(dry, 'deleted')).toEqual([id]);
    expect(await vendorFiles()).toContain(id);
    expect(idsIn(await owner.manage('delete', { file_id: id }), 'deleted')).toEqual([id]);
    expect(await vendorFiles()).not.toContain(id);
    expect(idsIn(await owner.manage('list'), 'files')).toEqual([]);
    expect(existsSync(cached)).toBe(false);
    expect(codeOf(await owner.manage('delete'))).toBe('INVALID_ARGUMENT');
  });

  it('cleans up all, at most as many as asked, and nothing in a dry run', async () => {
    const owner = await caller();
    const stored = [
      await owner.store('one.txt'),
      await owner.store('two.txt'),
      await owner.store('three.txt'),
    ].map(({ id }) => id);
    const dry = await owner.manage('cleanup_all', { dry_run: true });
    expect([...idsIn(dry, 'deleted')].sort()).toEqual([...stored].sort());
    expect(await vendorFiles()).toEqual(expect.arrayContaining(stored));
    expect(idsIn(await owner.manage('cleanup_all', { limit: 2 }), 'deleted')).toHaveLength(2);
    expect(idsIn(await owner.manage('list'), 'files')).toHaveLength(1);
  });

  it('cleans up what was not used for two weeks', async () => {
    const owner = await caller();
    const { id: old } = await owner.store('old.txt');
    const { id: used } = await owner.store('used.txt');
    await database.query(
      `UPDATE provider_files SET last_used_at = now() - interval '15 days' WHERE provider_file_id = $1`,
      [old],
    );
    expect(idsIn(await owner.manage('cleanup_expired'), 'deleted')).toEqual([old]);
    expect(idsIn(await owner.manage('list'), 'files')).toEqual([used]);
  });

  it('cleans up what the vendor has lost, and what nobody can use', async () => {
    const owner = await caller();
    const { id: lost } = await owner.store('lost.txt');
    const { id: failed } = await owner.store('failed.txt');
    const { id: kept } = await owner.store('kept.txt');
    await vendorDeletes(lost);
    await database.query(`UPDATE provider_files SET upload_status = 'failed' WHERE provider_file_id = $1`, [
      failed,
    ]);
    const report = await owner.manage('cleanup_orphaned');
    expect([...idsIn(report, 'deleted')].sort()).toEqual([lost, failed].sort());
    expect(await vendorFiles()).not.toContain(failed);
    expect(idsIn(await owner.manage('list'), 'files')).toEqual([kept]);
  });

  it('leaves to the hourly cleanup what the vendor does not delete now', async () => {
    const owner = await caller();
    const { id } = await owner.store('stuck.txt');
    rig.simulator.control({ always: '500', forModel: '/files/:' });
    const report = await owner.manage('cleanup_all');
    rig.simulator.resetControl();
    expect(idsIn(report, 'failed')).toEqual([id]);
    expect(await rowOf(id)).toMatchObject({ upload_status: 'deleted' });
    expect(codeOf(await owner.download(id))).toBe('FILE_NOT_FOUND');
  });
});
