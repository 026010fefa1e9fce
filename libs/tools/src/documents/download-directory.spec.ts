import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DownloadDirectory } from './download-directory.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'exai-downloads-')));
const directoryOf = (downloadDir: string) => new DownloadDirectory({ files: { roots: [], downloadDir } });
const source = join(base, 'source');
const promised = (content: string) => ({
  sha256: createHash('sha256').update(content).digest('hex'),
  sizeBytes: content.length,
});

beforeAll(() => {
  Logger.overrideLogger(false);
  writeFileSync(source, 'content');
});

afterAll(() => {
  Logger.overrideLogger(['error']);
  rmSync(base, { recursive: true });
});

describe('the directory for downloads', () => {
  it('is made when it is needed, with what is named below it', async () => {
    const root = join(base, 'made', 'downloads');
    expect(await directoryOf(root).prepare(undefined)).toBe(root);
    expect(await directoryOf(root).prepare(join(root, 'a', 'b'))).toBe(join(root, 'a', 'b'));
  });

  it('says that it cannot be written to where a file stands in the way, without its path', async () => {
    for (const [root, destination] of [
      [join(source, 'below'), undefined],
      [base, join(source, 'below')],
    ] as const) {
      const refused = directoryOf(root).prepare(destination);
      await expect(refused).rejects.toMatchObject({
        code: 'FILE_DENIED',
        message: 'The directory for downloads cannot be written to.',
      });
      await expect(refused).rejects.toMatchObject({ hint: expect.not.stringContaining(base) as unknown });
    }
  });

  it('gives each of many at the same time a name of its own, unless they are the same', async () => {
    const root = await directoryOf(join(base, 'many')).prepare(undefined);
    const contents = ['one', 'two', 'three', 'one', 'two', 'three'];
    const paths = await Promise.all(
      contents.map((content, index) => {
        const from = join(base, `from-${index}`);
        writeFileSync(from, content);
        return directoryOf(root).place(from, promised(content), root, 'name.txt');
      }),
    );
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(contents);
    expect(readdirSync(root).sort()).toEqual(['name-1.txt', 'name-2.txt', 'name.txt']);
  });

  it('keeps nothing that is not what was promised', async () => {
    const root = await directoryOf(join(base, 'kept')).prepare(undefined);
    const placed = directoryOf(root).place(source, promised('something else'), root, 'name.txt');
    await expect(placed).rejects.toMatchObject({ code: 'FILE_CORRUPTED' });
    expect(readdirSync(root)).toEqual([]);
  });
});
