import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config } from '#libs/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileReader } from './file-reader.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'exai-files-')));
const root = join(base, 'root');
const outside = join(base, 'root-evil');
const dataDir = join(root, 'data');
const signal = new AbortController().signal;

function reader(roots: string[] = [root]): FileReader {
  const server = { dataDir } as Config['server'];
  return new FileReader({ files: { roots }, server });
}

function put(path: string, content: string | Uint8Array = 'text\n'): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function codeOf(...paths: string[]): Promise<string> {
  const result = await reader()
    .read(paths, signal)
    .catch((error: unknown) => error as { code: string });
  return 'code' in result ? result.code : 'OK';
}

beforeAll(() => {
  put(join(root, 'a.ts'), '\uFEFFone\r\ntwo\rthree\n');
  put(join(outside, 'secret.md'));
  put(join(dataDir, 'jwt.secret'));
  mkdirSync(join(root, 'sub'), { recursive: true });
  symlinkSync(join(outside, 'secret.md'), join(root, 'link-out'));
  symlinkSync(outside, join(root, 'dir-out'));
  symlinkSync(join(root, 'a.ts'), join(root, 'link-in'));
});

afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('a path as text', () => {
  it.each([
    'src/a.ts',
    '~/.ssh/id_rsa',
    '$HOME/x',
    '%USERPROFILE%\\x',
    'file:///etc/passwd',
    'FILE:/etc/passwd',
    '\\\\host\\share\\x',
    'C:\\Windows\\win.ini',
    'a.txt:ads',
    '',
    `${root}/a\0.txt`,
    `${root}/a\u202e.txt`,
    `${root}/a\u200b.txt`,
    `/${'x/'.repeat(2_048)}y`,
    `${root}/${'x'.repeat(256)}`,
  ])('refuses %j', async (path) => {
    expect(await codeOf(path)).toBe('INVALID_ARGUMENT');
  });

  it('names every faulty one at once, and not its value', async () => {
    await expect(reader().read(['a', join(root, 'a.ts'), 'b'], signal)).rejects.toMatchObject({
      details: { issues: [{ pointer: '/files/0' }, { pointer: '/files/2' }] },
    });
  });
});

describe('the sandbox', () => {
  it.each([
    '/etc/passwd',
    `${root}/../../../../../../etc/passwd`,
    '//etc//passwd',
    '/./etc/passwd',
    '/etc/passwd ',
    '/proc/self/environ',
    '/proc/1/root/etc/shadow',
    '/dev/zero',
    '/dev/stdin',
    join(outside, 'secret.md'),
    join(outside, 'does-not-exist.md'),
    join(root, 'link-out'),
    join(root, 'dir-out', 'secret.md'),
    join(root, 'dir-out', 'does-not-exist.md'),
    join(dataDir, 'jwt.secret'),
    join(dataDir, 'does-not-exist'),
  ])('denies %s', async (path) => {
    expect(await codeOf(path)).toBe('FILE_DENIED');
  });

  it.each([
    '.env',
    '.env.local',
    '.ENV',
    '.git/config',
    '.npmrc',
    '.aws/credentials',
    '.ssh/known_hosts',
    '.docker/config.json',
    'id_ed25519',
    'id_rsa.pub',
    'tls.PEM',
    'app-credentials.json',
    'my-secrets.yaml',
  ])('denies %s inside a root', async (name) => {
    put(join(root, 'names', name));
    expect(await codeOf(join(root, 'names', name))).toBe('FILE_DENIED');
  });

  it.each(['id_map.ts', 'secretary.ts', '.dockerignore', 'environment.md'])('allows %s', async (name) => {
    expect(await codeOf(put(join(root, 'names', name)))).toBe('OK');
  });

  it('denies everything without roots', async () => {
    await expect(reader([]).read([join(root, 'a.ts')], signal)).rejects.toMatchObject({
      code: 'FILE_DENIED',
      details: { field: '/files/0', variable: 'EXAI_FILE_ROOTS' },
    });
  });

  it('reports a missing file inside a root as missing', async () => {
    expect(await codeOf(join(root, 'none.ts'))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(join(root, 'a.ts', 'child'))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(join(root, '%2e%2e', '%2e%2e', 'etc', 'passwd'))).toBe('FILE_NOT_FOUND');
  });

  it('does not wait for a pipe or talk to a socket', async () => {
    const pipe = join(root, 'pipe');
    spawnSync('mkfifo', [pipe]);
    expect(await codeOf(pipe)).toBe('FILE_DENIED');
    const socket = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => socket.once('listening', resolve));
    expect(await codeOf(join(root, 'socket'))).toBe('FILE_DENIED');
    socket.close();
  });

  it('lets nothing out when a file is swapped for a link while being opened', async () => {
    const path = put(join(root, 'race.md'), 'inside');
    const link = join(root, 'race.link');
    const spare = join(root, 'race.spare');
    let racing = true;
    const swap = async (): Promise<void> => {
      while (racing) {
        symlinkSync(join(outside, 'secret.md'), link);
        renameSync(path, spare);
        renameSync(link, path);
        await new Promise((resolve) => setImmediate(resolve));
        renameSync(spare, path);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const swapping = swap();
    for (let round = 0; round < 1_000; round += 1) {
      const read = await reader()
        .read([path], signal)
        .catch((error: unknown) => error as { code: string });
      if ('files' in read) expect(read.files[0]?.content).toBe('inside');
      else expect(['FILE_DENIED', 'FILE_NOT_FOUND']).toContain(read.code);
    }
    racing = false;
    await swapping;
  });
});

describe('content', () => {
  it('comes with unix line ends, also through a link inside the root', async () => {
    const { files } = await reader().read([join(root, 'link-in'), join(root, 'a.ts')], signal);
    expect(files).toEqual([{ path: join(root, 'link-in'), content: 'one\ntwo\nthree\n' }]);
  });

  it.each([
    ['program', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2])],
    ['latin-1', Buffer.from('é'.repeat(50), 'latin1')],
  ])('refuses binary: %s', async (name, data) => {
    expect(await codeOf(put(join(root, 'binary', name), data))).toBe('FILE_BINARY');
  });

  it('takes UTF-8 whose character lies across the 8 KiB mark', async () => {
    expect(await codeOf(put(join(root, 'wide.md'), `x${'漢'.repeat(4_000)}`))).toBe('OK');
  });

  it('has limits: one file, the sum, the number', async () => {
    const sparse = put(join(root, 'sparse.md'));
    truncateSync(sparse, 2 ** 40);
    expect(await codeOf(sparse)).toBe('FILE_TOO_LARGE');
    expect(await codeOf(put(join(root, 'mib.md'), 'x'.repeat(1_048_576)))).toBe('OK');
    expect(await codeOf(put(join(root, 'over.md'), 'x'.repeat(1_048_577)))).toBe('FILE_TOO_LARGE');
    for (let index = 0; index < 9; index += 1) put(join(root, 'big', `${index}.md`), 'x'.repeat(1_048_576));
    await expect(reader().read([join(root, 'big')], signal)).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      details: { limit: '8 MiB per call' },
    });
    for (let index = 0; index <= 200; index += 1) put(join(root, 'many', `${index}.md`));
    await expect(reader().read([join(root, 'many')], signal)).rejects.toMatchObject({
      details: { limit: '200 files per call' },
    });
  });
});

describe('a directory', () => {
  it('is read in order, without dependencies, secrets and links; the rest is explained', async () => {
    const directory = join(root, 'project');
    put(join(directory, 'b.ts'), 'b');
    put(join(directory, 'a', 'z.ts'), 'z');
    put(join(directory, 'node_modules', 'x', 'index.js'));
    put(join(directory, '.git', 'HEAD'));
    put(join(directory, '.env'));
    put(join(directory, 'logo.png'), Buffer.from([0, 1, 2]));
    put(join(directory, 'huge.log'), 'x'.repeat(1_048_577));
    symlinkSync(directory, join(directory, 'loop'));
    const { files, skipped } = await reader().read([directory, join(directory, 'b.ts')], signal);
    expect(files.map(({ path }) => path)).toEqual([join(directory, 'a', 'z.ts'), join(directory, 'b.ts')]);
    expect(skipped).toEqual([
      { path: join(directory, 'huge.log'), reason: 'over 1 MiB' },
      { path: join(directory, 'logo.png'), reason: 'binary' },
    ]);
  });

  it('is not followed endlessly, deep or wide', async () => {
    put(join(root, 'deep', ...Array.from({ length: 12 }, (_, index) => `d${index}`), 'x.ts'));
    const deep = await reader().read([join(root, 'deep')], signal);
    expect(deep).toMatchObject({ files: [], skipped: [{ reason: 'more than 8 directories deep' }] });
    for (let index = 0; index < 2_100; index += 1)
      mkdirSync(join(root, 'wide', `d${index}`), { recursive: true });
    const wide = await reader().read([join(root, 'wide')], signal);
    expect(wide.skipped).toContainEqual({
      path: join(root, 'wide'),
      reason: 'cut after 2000 directory entries',
    });
  });
});

describe('files of earlier turns', () => {
  it('are read as they are now; what is gone is skipped', async () => {
    const gone = join(root, 'gone.ts');
    const read = await reader().readAgain([join(root, 'a.ts'), gone, '/etc/passwd'], signal);
    expect(read.files).toHaveLength(1);
    expect(read.skipped).toEqual([
      { path: gone, reason: 'gone' },
      { path: '/etc/passwd', reason: 'not readable' },
    ]);
  });

  it('stop with the call', async () => {
    await expect(reader().readAgain([join(root, 'a.ts')], AbortSignal.abort())).rejects.toThrow();
  });
});
