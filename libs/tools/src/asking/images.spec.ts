import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileReader } from '#libs/file-access';
import { type ModelCard } from '#libs/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertTaken, fitImages, nameImages, type ReadImage, readImages, readImagesAgain } from './images.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'exai-images-')));
const root = join(base, 'root');
const reader = new FileReader({ files: { roots: [root] }, server: { dataDir: join(base, 'data') } });
const { signal } = new AbortController();

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'), Buffer.from('pixels')]);
const GIF = Buffer.from('GIF89a pixels');
const inline = (bytes: Buffer, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`;
const at = (name: string) => join(root, name);
const codeOf = async (...sources: string[]): Promise<string> => {
  try {
    await readImages(sources, reader, signal);
    return 'OK';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

beforeAll(() => {
  mkdirSync(root);
  mkdirSync(join(base, 'root-evil'));
  writeFileSync(at('a.png'), PNG);
  writeFileSync(at('really-a-gif.png'), GIF);
  writeFileSync(at('drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(at('text.png'), 'no picture at all');
  writeFileSync(at('.env.png'), PNG);
  writeFileSync(join(base, 'root-evil', 'b.png'), PNG);
  symlinkSync(join(base, 'root-evil', 'b.png'), at('link.png'));
  writeFileSync(at('huge.png'), PNG);
  truncateSync(at('huge.png'), 20 * 1_048_576 + 1);
  for (const name of ['large-1.png', 'large-2.png']) {
    writeFileSync(at(name), PNG);
    truncateSync(at(name), 11 * 1_048_576);
  }
});

afterAll(() => rmSync(base, { recursive: true }));

describe('images that a caller names', () => {
  it('are what their bytes say, from files and from data: URLs', async () => {
    const sources = [at('a.png'), at('really-a-gif.png'), inline(GIF, 'image/gif')];
    const images = await readImages(sources, reader, signal);
    expect(images.map(({ mediaType, name, bytes }) => [mediaType, name, bytes])).toEqual([
      ['image/png', at('a.png'), PNG.length],
      ['image/gif', at('really-a-gif.png'), GIF.length],
      ['image/gif', 'inline image 3', GIF.length],
    ]);
    expect(Buffer.from(images[0]?.data ?? '', 'base64')).toEqual(PNG);
  });

  it.each([
    ['FILE_BINARY', at('text.png')],
    ['FILE_BINARY', at('drawing.svg')],
    ['FILE_BINARY', inline(Buffer.from('no picture'))],
    ['FILE_DENIED', join(base, 'root-evil', 'b.png')],
    ['FILE_DENIED', at('link.png')],
    ['FILE_DENIED', at('.env.png')],
    ['FILE_DENIED', root],
    ['FILE_NOT_FOUND', at('gone.png')],
    ['FILE_TOO_LARGE', at('huge.png')],
    ['INVALID_ARGUMENT', 'a.png'],
    ['INVALID_ARGUMENT', '~/a.png'],
    ['INVALID_ARGUMENT', inline(GIF)],
    ['INVALID_ARGUMENT', inline(PNG, 'image/svg+xml')],
    ['INVALID_ARGUMENT', 'data:image/png,raw'],
  ])('are refused with %s: %s', async (code, source) => {
    expect(await codeOf(source)).toBe(code);
  });

  it.each(['https://example.org/a.png', 'http://127.0.0.1/a.png', 'file:///a.png'])(
    'are not fetched, and the refusal says so: %s',
    async (source) => {
      await expect(readImages([at('a.png'), source], reader, signal)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: {
          issues: [{ pointer: '/images/1', expected: expect.stringContaining('not fetched') as unknown }],
        },
      });
    },
  );

  it('are limited together', async () => {
    expect(await codeOf(at('large-1.png'))).toBe('OK');
    expect(await codeOf(at('large-1.png'), at('large-2.png'))).toBe('FILE_TOO_LARGE');
  });
});

describe('images of earlier steps', () => {
  it('are left out where they cannot be read any more, each with its reason', async () => {
    const sources = nameImages([at('a.png'), at('gone.png'), at('text.png'), inline(PNG)]);
    const { images, leftOut } = await readImagesAgain(sources, reader, signal);
    expect(images.map(({ name }) => name)).toEqual([at('a.png'), 'inline image 4']);
    expect(leftOut).toEqual([
      { path: at('gone.png'), reason: 'gone' },
      { path: at('text.png'), reason: 'no image' },
    ]);
  });

  it('are at most sixteen, the first ones first', async () => {
    const sources = nameImages(Array.from({ length: 18 }, () => inline(PNG)));
    const { images, leftOut } = await readImagesAgain(sources, reader, signal);
    expect(images).toHaveLength(16);
    expect(leftOut).toEqual([
      { path: 'inline image 17', reason: 'more than 16 images' },
      { path: 'inline image 18', reason: 'more than 16 images' },
    ]);
  });
});

describe('the limit of a model', () => {
  const image = (name: string, mib: number): ReadImage => ({
    type: 'image',
    mediaType: 'image/png',
    data: '',
    name,
    bytes: mib * 1_048_576,
  });
  const card = (maxImageSizeMb: number) => ({ id: 'small', maxImageSizeMb }) as ModelCard;

  it('holds for all images together', () => {
    expect(() => assertTaken([image('a', 2), image('b', 3)], card(5))).not.toThrow();
    expect(() => assertTaken([image('a', 2), image('b', 4)], card(5))).toThrowError(
      expect.objectContaining({
        code: 'FILE_TOO_LARGE',
        details: { field: '/images/1', limit: '5 MiB of images for small' },
      }) as Error,
    );
  });

  it('is never above the limit of a call', () => {
    expect(() => assertTaken([image('a', 21)], card(100))).toThrowError(/20 MiB/);
  });

  it('leaves out what does not fit any more', () => {
    const { images, leftOut } = fitImages([image('a', 3), image('b', 3), image('c', 2)], card(5));
    expect(images.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(leftOut).toEqual([{ path: 'b', reason: 'over 5 MiB of images' }]);
  });
});
