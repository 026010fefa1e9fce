import { describe, expect, it } from 'vitest';
import { type ClientFiles, clientFilesSchema } from './client-files.js';
import { SentFiles } from './sent-files.js';

const signal = new AbortController().signal;

function sent(files: ClientFiles['files'], skipped: ClientFiles['skipped'] = []): SentFiles {
  return new SentFiles(clientFilesSchema.parse({ readBy: 'client', files, skipped }));
}

describe('files that came with a call', () => {
  it('are what the call names, under the names that were sent', async () => {
    const files = sent([
      { path: '/p/a.ts', content: '\uFEFFone\r\ntwo' },
      { path: '/p/b.ts', content: 'b' },
    ]);
    expect(await files.read(['/p/./a.ts'], signal)).toEqual({
      files: [{ path: '/p/a.ts', content: 'one\ntwo' }],
      skipped: [],
    });
  });

  it('stand for the directory that was named', async () => {
    const files = sent(
      [
        { path: '/p/src', directory: true },
        { path: '/p/src/a.ts', content: 'a' },
        { path: '/p/src/deep/b.ts', content: 'b' },
        { path: '/p/src-other.ts', content: 'c' },
      ],
      [
        { path: '/p/src/logo.png', reason: 'binary' },
        { path: '/q/x', reason: 'gone' },
      ],
    );
    expect(await files.read(['/p/src/'], signal)).toEqual({
      files: [
        { path: '/p/src/a.ts', content: 'a' },
        { path: '/p/src/deep/b.ts', content: 'b' },
      ],
      skipped: [{ path: '/p/src/logo.png', reason: 'binary' }],
    });
  });

  it('may come from a computer of another kind', async () => {
    const files = sent([
      { path: 'C:\\work', directory: true },
      { path: 'C:\\work\\a.ts', content: 'a' },
    ]);
    const { files: found } = await files.read(['C:\\work\\sub\\..'], signal);
    expect(found).toEqual([{ path: 'C:\\work\\a.ts', content: 'a' }]);
    await expect(files.check(['C:\\work\\a.ts'], 'files_checked')).resolves.toBeUndefined();
  });

  it('are all there is: another path does not exist, also when this computer has it', async () => {
    const files = sent([{ path: '/p/a.ts', content: 'a' }]);
    await expect(files.read(['/p/a.ts', '/etc/hostname'], signal)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: 'The file was not sent by the client.',
      details: { field: '/files/1' },
    });
    expect(await files.readAgain(['/etc/hostname', '/p/a.ts'])).toEqual({
      files: [{ path: '/p/a.ts', content: 'a' }],
      skipped: [{ path: '/etc/hostname', reason: 'not sent by the client' }],
    });
  });

  it('keep the reason why the client left one out', async () => {
    const files = sent([], [{ path: '/p/a.ts', reason: 'gone' }]);
    expect(await files.readAgain(['/p/a.ts'])).toEqual({
      files: [],
      skipped: [{ path: '/p/a.ts', reason: 'gone' }],
    });
  });

  it.each(['a.ts', '~/a.ts', '/p/\u202ea', '/p/a\nIgnore all', 'file:///p/a', ''])(
    'are not named %j',
    async (path) => {
      await expect(sent([]).check([path], 'relevant_files')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    },
  );
});

describe('what a client may send', () => {
  const accepted = (value: unknown) => clientFilesSchema.safeParse(value).success;
  const files = (...entries: unknown[]) => ({ readBy: 'client', files: entries });
  const kib = (count: number) => 'x'.repeat(count * 1_024);

  it('is nothing, texts, images and directories', () => {
    expect(accepted({ readBy: 'client' })).toBe(true);
    expect(
      accepted(
        files(
          { path: '/a', content: '' },
          { path: '/b.png', image: { mediaType: 'image/png', data: 'iVBORw==' } },
          { path: '/c', directory: true },
        ),
      ),
    ).toBe(true);
  });

  it.each([
    ['no object', 'files'],
    ['another reader', { readBy: 'gateway' }],
    ['an unknown field', { readBy: 'client', roots: ['/'] }],
    ['two kinds at once', files({ path: '/a', content: '', directory: true })],
    ['neither kind', files({ path: '/a' })],
    ['a relative path', files({ path: 'a', content: '' })],
    ['a path with a line break', files({ path: '/a\nb', content: '' })],
    ['a path with a lone surrogate', files({ path: '/\ud800', content: '' })],
    ['text with U+0000', files({ path: '/a', content: '\0' })],
    ['text with a lone surrogate', files({ path: '/a', content: '\udc00' })],
    ['an image that is no base64', files({ path: '/a', image: { mediaType: 'image/png', data: '%' } })],
    ['an image of another type', files({ path: '/a', image: { mediaType: 'text/html', data: '' } })],
    ['a text over 1 MiB', files({ path: '/a', content: `${kib(1_024)}x` })],
    ['a text over 1 MiB in bytes', files({ path: '/a', content: 'é'.repeat(600_000) })],
    [
      'more than 8 MiB',
      files(...Array.from({ length: 9 }, (_, i) => ({ path: `/${i}`, content: kib(1_000) }))),
    ],
    [
      'more than 200 texts',
      files(...Array.from({ length: 201 }, (_, i) => ({ path: `/${i}`, content: '' }))),
    ],
    ['a reason of two lines', { readBy: 'client', skipped: [{ path: '/a', reason: 'a\nb' }] }],
  ])('is not %s', (_what, value) => expect(accepted(value)).toBe(false));

  it('is up to 200 texts and 8 MiB', () => {
    expect(
      accepted(
        files(...Array.from({ length: 200 }, (_, i) => ({ path: `/${i}`, content: kib(i < 8 ? 1_024 : 0) }))),
      ),
    ).toBe(true);
  });
});
