import { posix, win32 } from 'node:path';
import { ExaiError } from '#libs/errors';
import { type ClientFiles, clientPathFault, textsOf } from './client-files.js';
import {
  type CallFiles,
  named,
  plainText,
  type ReadFiles,
  type SkippedFile,
  type TextFile,
} from './read-files.js';

const NOT_SENT = {
  message: 'The file was not sent by the client.',
  hint:
    'This call brings the files of the client along, and nothing else is read for it: send this path too, ' +
    'or leave it out.',
};

/** The files that came with a call. What is not among them is not there: no disk is looked at. */
export class SentFiles implements CallFiles {
  readonly readBy = 'client';
  /** By path without detours. */
  private readonly texts: ReadonlyMap<string, TextFile>;
  private readonly others: ReadonlySet<string>;
  /** Base64 by path without detours. */
  private readonly images: ReadonlyMap<string, string>;
  private readonly skipped: ReadonlyMap<string, SkippedFile>;

  constructor({ files, skipped }: ClientFiles) {
    this.texts = new Map(
      textsOf(files).map(({ path, content }) => [plainPath(path), { path, content: plainText(content) }]),
    );
    this.others = new Set(
      files.filter(({ content }) => content === undefined).map(({ path }) => plainPath(path)),
    );
    this.images = new Map(
      files.flatMap(({ path, image }) => (image ? [[plainPath(path), image.data] as const] : [])),
    );
    this.skipped = new Map(skipped.map((file) => [plainPath(file.path), file]));
  }

  read(paths: readonly string[], _signal: AbortSignal, field = 'files'): Promise<ReadFiles> {
    const missing = paths.findIndex((path) => !this.knows(plainPath(path)));
    if (missing >= 0) {
      const details = { field: `/${field}/${missing}` };
      return Promise.reject(new ExaiError('FILE_NOT_FOUND', details, { wording: NOT_SENT }));
    }
    return Promise.resolve(this.gather(paths));
  }

  check(paths: readonly string[] | string, field: string): Promise<void> {
    const issues = named(paths, field).flatMap(({ path, pointer }) => {
      const expected = clientPathFault(path);
      return expected === undefined ? [] : [{ pointer, expected }];
    });
    return issues.length > 0
      ? Promise.reject(new ExaiError('INVALID_ARGUMENT', { issues }))
      : Promise.resolve();
  }

  readImage(path: string, pointer: string): Promise<Uint8Array> {
    const data = this.images.get(plainPath(path));
    if (data !== undefined) return Promise.resolve(Buffer.from(data, 'base64'));
    return Promise.reject(new ExaiError('FILE_NOT_FOUND', { field: pointer }, { wording: NOT_SENT }));
  }

  readAgain(paths: readonly string[]): Promise<ReadFiles> {
    const { files, skipped } = this.gather(paths);
    const missing = paths
      .filter((path) => !this.knows(plainPath(path)))
      .map((path) => this.skipped.get(plainPath(path)) ?? { path, reason: 'not sent by the client' });
    return Promise.resolve({ files, skipped: [...new Set([...skipped, ...missing])] });
  }

  private knows(path: string): boolean {
    return this.texts.has(path) || this.others.has(path) || keysBelow(this.texts, path).length > 0;
  }

  private gather(paths: readonly string[]): ReadFiles {
    const wanted = new Set(paths.map(plainPath));
    const under = (entries: ReadonlyMap<string, unknown>) =>
      new Set([...wanted].flatMap((path) => (entries.has(path) ? [path] : keysBelow(entries, path))));
    return {
      files: [...under(this.texts)].flatMap((key) => this.texts.get(key) ?? []),
      skipped: [...under(this.skipped)].flatMap((key) => this.skipped.get(key) ?? []),
    };
  }
}

function keysBelow(entries: ReadonlyMap<string, unknown>, directory: string): string[] {
  const separator = directory.startsWith('/') ? '/' : '\\';
  const prefix = directory.endsWith(separator) ? directory : directory + separator;
  return [...entries.keys()].filter((key) => key.startsWith(prefix));
}

/** The client's computer may be of another kind than this one. */
function plainPath(path: string): string {
  const plain = path.startsWith('/') ? posix.normalize(path) : win32.normalize(path);
  return plain.length > 1 ? plain.replace(/[/\\]+$/, '') || plain : plain;
}
