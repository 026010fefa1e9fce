import { type FileHandle, realpath } from 'node:fs/promises';
import { type FilesConfig, type ServerConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { pathFault } from './file-paths.js';
import { MAX_IMAGE_BYTES } from './image-type.js';
import { type CallFiles, named, type ReadFiles } from './read-files.js';
import { Reading } from './reading.js';

export interface FileReaderConfig {
  readonly files: Pick<FilesConfig, 'roots'>;
  readonly server: Pick<ServerConfig, 'dataDir'>;
}

export interface FileReaderOptions {
  /** Directories that are refused besides the data directory. */
  readonly denied?: readonly string[];
  /** Told of every refusal, in words for the operator's log: the canonical path is in them. */
  readonly onRefused?: (message: string) => void;
}

/** The only reader of the caller's files. Everything it opens lies under a configured root. */
export class FileReader implements CallFiles {
  readonly readBy = 'gateway';

  constructor(
    private readonly config: FileReaderConfig,
    private readonly options: FileReaderOptions = {},
  ) {}

  async read(paths: readonly string[], signal: AbortSignal, field = 'files'): Promise<ReadFiles> {
    refuseFaulty(paths, field);
    const reading = await this.begin(signal);
    for (const [index, path] of paths.entries()) await reading.add(path, `/${field}/${index}`);
    return reading.result();
  }

  async check(
    paths: readonly string[] | string,
    field: string,
    { exists, signal }: { exists: boolean; signal: AbortSignal },
  ): Promise<void> {
    refuseFaulty(paths, field);
    const reading = await this.begin(signal);
    for (const { path, pointer } of named(paths, field)) {
      signal.throwIfAborted();
      await reading.locate(path, pointer, exists);
    }
  }

  async readAgain(paths: readonly string[], signal: AbortSignal): Promise<ReadFiles> {
    const reading = await this.begin(signal);
    for (const path of paths) await reading.addIfReadable(path);
    return reading.result();
  }

  async readImage(path: string, field: string, signal: AbortSignal): Promise<Buffer> {
    const expected = pathFault(path);
    if (expected !== undefined) {
      throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: field, expected }] });
    }
    const reading = await this.begin(signal);
    return reading.whole(path, field, MAX_IMAGE_BYTES, `${MAX_IMAGE_BYTES / 1_048_576} MiB per image`);
  }

  /**
   * Opens one regular file of any size and kind, to be read piece by piece; whoever asked closes it.
   * @param pointer JSON pointer of the argument, for errors
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND.
   */
  async open(path: string, pointer: string, signal: AbortSignal): Promise<FileHandle> {
    const expected = pathFault(path);
    if (expected !== undefined) throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer, expected }] });
    return (await this.begin(signal)).openFile(path, pointer);
  }

  private async begin(signal: AbortSignal): Promise<Reading> {
    const { denied = [], onRefused } = this.options;
    const roots = await realPaths(this.config.files.roots);
    // The innermost root first: names are judged below the root the operator chose most narrowly.
    roots.sort((a, b) => b.length - a.length);
    const closed = [this.config.server.dataDir, ...denied];
    return new Reading(roots, [...closed, ...(await realPaths(closed))], signal, (path, reason) =>
      onRefused?.(`file refused, ${reason}: ${JSON.stringify(path)}`),
    );
  }
}

function refuseFaulty(paths: readonly string[] | string, field: string): void {
  const issues = named(paths, field).flatMap(({ path, pointer }) => {
    const expected = pathFault(path);
    return expected === undefined ? [] : [{ pointer, expected }];
  });
  if (issues.length > 0) throw new ExaiError('INVALID_ARGUMENT', { issues });
}

async function realPaths(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return found.filter((path) => path !== undefined);
}
