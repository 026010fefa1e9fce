import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule, loadConfig } from '#libs/config';
import { createLogger, ObservabilityModule } from '#libs/observability';
import { PersistenceModule } from '#libs/persistence';
import { FileUpkeep, FileUsage, StoredFiles } from '#libs/stored-files';
import { ToolEnginesModule } from '#libs/tools';
import pg from 'pg';
import { register } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProviderFileCleanup } from '../../libs/tools/src/documents/provider-file-cleanup.js';
import { openDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryDirectory } from '../harness/paths.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';

/** The records of files at providers and what deletes them, on a real PostgreSQL and against the simulator. */
const dataDir = temporaryDirectory();
let postgres: TestDatabase;
let simulator: WatchedSimulator;
let database: pg.Client;
const apps: INestApplicationContext[] = [];

beforeAll(async () => {
  [postgres, simulator] = await Promise.all([openDatabase(), watchSimulator()]);
  await worker();
  database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
});

beforeEach(async () => {
  simulator.resetControl();
  await database.query('TRUNCATE provider_files, file_downloads, usage_limits');
});

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await database.end();
  await Promise.all([simulator.close(), postgres.close()]);
  rmSync(dataDir, { recursive: true, force: true });
});

/** What a worker process has for files, beside its own connections to the database. */
async function worker(): Promise<INestApplicationContext> {
  // Metrics live in a registry of the process, which has room for one application.
  register.clear();
  const config = loadConfig({
    DATABASE_URL: postgres.url,
    EXAI_DATA_DIR: dataDir,
    KIMI_API_KEY: 'a-key-for-the-simulator-only',
    KIMI_BASE_URL: simulator.baseUrl,
    LOG_LEVEL: 'fatal',
  });
  const observability = ObservabilityModule.forRoot(await createLogger(config, 'test'));
  @Module({
    imports: [
      ConfigModule.forRoot(config),
      observability,
      PersistenceModule.forRoot('test'),
      ToolEnginesModule,
    ],
  })
  class TestModule {}
  const app = await NestFactory.createApplicationContext(TestModule, { logger: false, abortOnError: false });
  apps.push(app);
  return app;
}

const app = (): INestApplicationContext => apps[0] as INestApplicationContext;
const owner = { tenant: 'local', subject: 'owner' };
const headers = { authorization: 'Bearer a-key-for-the-simulator-only' };

const file = (sha256: string) => ({ provider: 'kimi', sha256, filename: 'a.txt', sizeBytes: 5 });

async function atVendor(): Promise<string> {
  const form = new FormData();
  form.set('purpose', 'file-extract');
  form.set('file', new File(['hello'], 'a.txt'));
  const response = await fetch(`${simulator.baseUrl}/files`, { method: 'POST', headers, body: form });
  return ((await response.json()) as { id: string }).id;
}

async function stored(age: string, status = 'completed'): Promise<string> {
  const files = app().get(StoredFiles);
  const fileId = await atVendor();
  await files.complete(await files.begin(owner, file(randomUUID())), fileId);
  await database.query(
    `UPDATE provider_files SET upload_status = $3, last_used_at = now() - $2::interval,
       updated_at = now() - $2::interval WHERE provider_file_id = $1`,
    [fileId, age, status],
  );
  return fileId;
}

async function vendorIds(): Promise<readonly string[]> {
  const response = await fetch(`${simulator.baseUrl}/files`, { headers });
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
}

async function recorded(): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string }>(
    'SELECT provider_file_id AS id FROM provider_files ORDER BY last_used_at',
  );
  return rows.map(({ id }) => id);
}

describe('the cleanup', () => {
  it('deletes what was not used for two weeks, and what nobody can use, at the vendor and here', async () => {
    const old = await stored('15 days');
    const unusable = await stored('1 hour', 'failed');
    const interrupted = await stored('1 hour', 'deleted');
    const justClaimed = await stored('1 minute', 'deleted');
    const used = await stored('13 days');
    await app().get(ProviderFileCleanup).run();
    const left = await vendorIds();
    expect(left).toEqual(expect.arrayContaining([used, justClaimed]));
    for (const gone of [old, unusable, interrupted]) expect(left).not.toContain(gone);
    expect(await recorded()).toEqual([used, justClaimed]);
  });

  it('deletes the longest unused where there are more than a provider may hold', async () => {
    const ids = [
      await stored('3 days'),
      await stored('5 days'),
      await stored('1 day'),
      await stored('4 days'),
    ];
    await app().get(ProviderFileCleanup).run(2);
    expect(await recorded()).toEqual([ids[0], ids[2]]);
  });

  it('keeps the record of what the vendor did not delete, for the next run', async () => {
    const old = await stored('15 days');
    simulator.control({ always: '500', forModel: '/files/:' });
    await app().get(ProviderFileCleanup).run();
    expect(await recorded()).toEqual([old]);
    simulator.resetControl();
    await app().get(ProviderFileCleanup).run();
    expect(await recorded()).toEqual([old]);
    await database.query(`UPDATE provider_files SET updated_at = now() - interval '11 minutes'`);
    await app().get(ProviderFileCleanup).run();
    expect(await recorded()).toEqual([]);
    expect(await vendorIds()).not.toContain(old);
  });

  it('is done by one of two workers', async () => {
    const second = await worker();
    const ids = [await stored('3 days'), await stored('2 days'), await stored('1 day')];
    let entered = 0;
    await app()
      .get(FileUpkeep)
      .alone(async () => {
        entered += 1;
        await second.get(ProviderFileCleanup).run(0);
      });
    expect(entered).toBe(1);
    expect(await recorded()).toEqual(ids);
    await Promise.all([app().get(ProviderFileCleanup).run(1), second.get(ProviderFileCleanup).run(1)]);
    expect(await recorded()).toEqual([ids[2]]);
  });

  it('removes records that lead nowhere, and cached files past their time', async () => {
    const files = app().get(StoredFiles);
    await files.fail(await files.begin(owner, file('old failure')), 'PROVIDER_UNAVAILABLE');
    await database.query(`UPDATE provider_files SET updated_at = now() - interval '2 days'`);
    await files.begin(owner, file('running upload'));
    const cache = join(dataDir, 'file-cache');
    mkdirSync(cache, { recursive: true });
    const [past, fresh] = [join(cache, randomUUID()), join(cache, randomUUID())];
    for (const path of [past, fresh]) writeFileSync(path, 'text');
    const fifteenDaysAgo = Date.now() / 1_000 - 15 * 86_400;
    utimesSync(past, fifteenDaysAgo, fifteenDaysAgo);
    await app().get(ProviderFileCleanup).run();
    const { rows } = await database.query<{ sha256: string }>('SELECT sha256 FROM provider_files');
    expect(rows).toEqual([{ sha256: 'running upload' }]);
    expect([existsSync(past), existsSync(fresh)]).toEqual([false, true]);
  });
});

describe('the records', () => {
  it('hold one finished upload of a content and owner, however many are made at once', async () => {
    const files = app().get(StoredFiles);
    const [first, second] = [await files.begin(owner, file('same')), await files.begin(owner, file('same'))];
    expect(await files.use('kimi', owner, 'same')).toBeUndefined();
    expect(await files.complete(first, 'id-1')).toBe('completed');
    expect(await files.complete(second, 'id-2')).toBe('duplicate');
    expect(await files.use('kimi', owner, 'same')).toMatchObject({ fileId: 'id-1', referenceCount: 2 });
    expect(await files.listUnusable(owner, 'kimi', 10)).toMatchObject([{ fileId: 'id-2' }]);
  });

  it('are found by their owner alone', async () => {
    const files = app().get(StoredFiles);
    await files.complete(await files.begin(owner, file('mine')), 'id-mine');
    for (const other of [
      { tenant: 'local', subject: 'other' },
      { tenant: 'other', subject: 'owner' },
    ]) {
      expect(await files.use('kimi', other, 'mine')).toBeUndefined();
      expect(await files.find(other, 'id-mine')).toBeUndefined();
      expect(await files.list(other, 'kimi', 10)).toEqual([]);
      const id = await files.begin(other, file('mine'));
      // A vendor that gives one id to two owners must not make them share a file.
      expect(await files.complete(id, 'id-mine')).toBe('foreign');
    }
    expect(await files.list(owner, 'kimi', 10)).toHaveLength(1);
  });

  it('take the first content that a vendor gave back, and no other', async () => {
    const files = app().get(StoredFiles);
    const id = await files.begin(owner, file('content'));
    await files.complete(id, 'id-content');
    const content = { sha256: 'a', cachePath: '/a', cacheMs: 1_000 };
    expect(await files.keepContent(id, content)).toBe(true);
    expect(await files.keepContent(id, content)).toBe(true);
    expect(await files.keepContent(id, { ...content, sha256: 'b' })).toBe(false);
    expect(await files.find(owner, 'id-content')).toMatchObject({ contentSha256: 'a', cachePath: '/a' });
  });
});

describe('what a caller may use', () => {
  it('is counted over all workers and by caller', async () => {
    const other = { tenant: 'local', subject: 'other' };
    const second = await worker();
    for (let round = 0; round < 30; round += 1) {
      await app().get(FileUsage).take(owner, 'requests');
      await second.get(FileUsage).take(owner, 'requests');
    }
    await expect(app().get(FileUsage).take(owner, 'requests')).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { limit: '60 file questions a minute', retryAfterMs: expect.any(Number) as unknown },
    });
    await expect(app().get(FileUsage).take(other, 'requests')).resolves.toBeUndefined();
  });

  it('is not used up by what did not fit', async () => {
    const usage = app().get(FileUsage);
    await usage.take(owner, 'kilobytes', 950_000);
    for (let round = 0; round < 3; round += 1) {
      await expect(usage.take(owner, 'kilobytes', 100_000)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    }
    await usage.take(owner, 'kilobytes', 50_000);
    await expect(usage.take(owner, 'kilobytes')).rejects.toMatchObject({
      message: expect.stringContaining('1,000 MB of uploads a day') as unknown,
    });
    await usage.giveBack(owner, 'kilobytes', 50_000);
    await usage.take(owner, 'kilobytes', 50_000);
  });

  it('is a hundred uploads an hour', async () => {
    const usage = app().get(FileUsage);
    await usage.take(owner, 'uploads', 100);
    await expect(usage.take(owner, 'uploads')).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });
});
