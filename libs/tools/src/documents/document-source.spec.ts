import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileReader } from '#libs/file-access';
import { afterAll, describe, expect, it } from 'vitest';
import { documentSource } from './document-source.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'exai-document-')));
const reader = new FileReader({ files: { roots: [root] }, server: { dataDir: join(root, 'data') } });
const { signal } = new AbortController();

afterAll(() => rmSync(root, { recursive: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

describe('a document on this disk', () => {
  it('is identified and read as the same bytes, over several pieces', async () => {
    const content = Buffer.alloc(2_500_000, 'binary \0 \xff');
    const source = documentSource({}, put('large.bin', content), reader, 3_000_000);
    const facts = await source.identify(signal);
    expect([source.name, facts]).toEqual([
      'large.bin',
      { sizeBytes: content.length, sha256: sha256(content) },
    ]);
    const read = await source.read(signal);
    expect([read.bytes.equals(content), read.sha256]).toEqual([true, facts.sha256]);
  });

  it('is read anew each time', async () => {
    const path = put('changing.txt', 'one');
    const source = documentSource({}, path, reader, 100);
    expect((await source.identify(signal)).sha256).toBe(sha256('one'));
    put('changing.txt', 'three');
    expect((await source.read(signal)).bytes.toString()).toBe('three');
  });

  it.each([
    ['over the limit', 'x'.repeat(11), 'FILE_TOO_LARGE'],
    ['empty', '', 'INVALID_ARGUMENT'],
  ])('is refused when it is %s', async (_what, content, code) => {
    const source = documentSource({}, put('refused.txt', content), reader, 10);
    await expect(source.identify(signal)).rejects.toMatchObject({ code });
    await expect(source.read(signal)).rejects.toMatchObject({ code });
  });
});

describe('a document that the client sent along', () => {
  const sent = (files: readonly { path: string; content: string }[]) => ({
    clientFiles: { readBy: 'client' as const, files: [...files], skipped: [] },
  });

  it('is what came with the call, whatever lies on this disk', async () => {
    const path = put('decoy.txt', 'of the gateway');
    const source = documentSource(sent([{ path, content: 'of the client' }]), path, reader, 100);
    expect((await source.read(signal)).bytes.toString()).toBe('of the client');
    expect(await source.identify(signal)).toEqual({ sizeBytes: 13, sha256: sha256('of the client') });
  });

  it('may lie on another kind of computer', () => {
    const path = 'C:\\docs\\a b.txt';
    expect(documentSource(sent([{ path, content: 'x' }]), path, reader, 100).name).toBe('a b.txt');
  });

  it('is one file that was sent', async () => {
    const call = sent([
      { path: '/docs/a.txt', content: 'a' },
      { path: '/docs/b.txt', content: 'b' },
    ]);
    await expect(documentSource(call, '/docs', reader, 100).read(signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(documentSource(call, '/docs/c.txt', reader, 100).read(signal)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});
