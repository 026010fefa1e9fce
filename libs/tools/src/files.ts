import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { isBinary } from './binary.js';
import {
  isDeniedByName,
  isInside,
  isMissing,
  isSkippedDirectory,
  isVirtual,
  locate,
  pathFault,
} from './file-paths.js';

export interface TextFile {
  /** As the caller wrote it, or below the directory they named. */
  readonly path: string;
  /** With `\n` line ends. */
  readonly content: string;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ReadFiles {
  readonly files: readonly TextFile[];
  /** Found in a directory but not shown, or not readable any more since an earlier turn. */
  readonly skipped: readonly SkippedFile[];
}

interface Entry {
  readonly name: string;
  readonly directory: boolean;
}

const MAX_FILE_BYTES = 1_048_576;
const MAX_FILES = 200;
const MAX_TOTAL_BYTES = 8 * MAX_FILE_BYTES;
const MAX_DEPTH = 8;
const MAX_ENTRIES = 2_000;

// Windows knows neither flag.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const SKIP_REASONS: Readonly<Record<string, string>> = {
  FILE_BINARY: 'binary',
  FILE_TOO_LARGE: 'over 1 MiB',
  FILE_NOT_FOUND: 'gone',
};

/** The only reader of the caller's files. Everything it opens lies under a configured root. */
@Injectable()
export class FileReader {
  private readonly logger = new Logger(FileReader.name);

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'files' | 'server'>) {}

  /**
   * Reads what the caller named; directories are expanded. The first path that cannot be read fails all.
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE, FILE_BINARY.
   */
  async read(paths: readonly string[], signal: AbortSignal): Promise<ReadFiles> {
    refuseFaulty(paths, 'files');
    const reading = await this.begin(signal);
    for (const [index, path] of paths.entries()) await reading.add(path, `/files/${index}`);
    return reading.result();
  }

  /**
   * Checks paths without reading what is there; nothing needs to exist unless `exists` says so.
   * @param field name of the argument, for errors
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND.
   */
  async check(
    paths: readonly string[],
    field: string,
    { exists, signal }: { exists: boolean; signal: AbortSignal },
  ): Promise<void> {
    refuseFaulty(paths, field);
    const reading = await this.begin(signal);
    for (const [index, path] of paths.entries()) {
      signal.throwIfAborted();
      await reading.locate(path, `/${field}/${index}`, exists);
    }
  }

  /** Reads again what earlier turns showed; what cannot be read any more is skipped. */
  async readAgain(paths: readonly string[], signal: AbortSignal): Promise<ReadFiles> {
    const reading = await this.begin(signal);
    for (const path of paths) await reading.addIfReadable(path);
    return reading.result();
  }

  private async begin(signal: AbortSignal): Promise<Reading> {
    const { dataDir } = this.config.server;
    const roots = await realPaths(this.config.files.roots);
    // The innermost root first: names are judged below the root the operator chose most narrowly.
    roots.sort((a, b) => b.length - a.length);
    const denied = [dataDir, ...(await realPaths([dataDir]))];
    return new Reading(roots, denied, signal, (path, reason) =>
      this.logger.warn(`file refused, ${reason}: ${JSON.stringify(path)}`),
    );
  }
}

/** One call's reading, with its limits. */
class Reading {
  /** By canonical path, so that a file named twice is shown once. */
  private readonly files = new Map<string, TextFile>();
  private readonly skipped: SkippedFile[] = [];
  private readonly buffer = Buffer.allocUnsafe(MAX_FILE_BYTES + 1);
  private bytes = 0;
  private entries = 0;

  constructor(
    private readonly roots: readonly string[],
    private readonly denied: readonly string[],
    private readonly signal: AbortSignal,
    private readonly onRefused: (path: string, reason: string) => void,
  ) {}

  result(): ReadFiles {
    return { files: [...this.files.values()], skipped: this.skipped };
  }

  /** @param field JSON pointer of the argument, for errors. */
  async add(path: string, field: string): Promise<void> {
    await this.visit(path, await this.locate(path, field, true), field, 0);
  }

  /** The canonical path of one that may be read. */
  async locate(path: string, field: string, mustExist: boolean): Promise<string> {
    const { realPath, exists } = await locate(path).catch((error: unknown) => {
      throw this.refuse(path, 'not reachable', field, error);
    });
    const reason = this.reasonToDeny(realPath);
    if (reason !== undefined) throw this.refuse(realPath, reason, field);
    if (mustExist && !exists) throw new ExaiError('FILE_NOT_FOUND', { field });
    return realPath;
  }

  async addIfReadable(path: string): Promise<void> {
    try {
      if (pathFault(path) === undefined) await this.add(path, '/continuation_id');
    } catch (error) {
      if (!isPerCall(error)) return this.skip(path, error);
      this.skipped.push({ path, reason: 'over the limits of one call' });
    }
  }

  private reasonToDeny(realPath: string): string | undefined {
    const root = this.roots.find((candidate) => isInside(candidate, realPath));
    if (root === undefined) return 'outside the roots';
    if (isVirtual(realPath) || this.denied.some((directory) => isInside(directory, realPath))) {
      return 'denied directory';
    }
    return isDeniedByName(root, realPath) ? 'denied name' : undefined;
  }

  private async visit(path: string, realPath: string, field: string, depth: number): Promise<void> {
    this.signal.throwIfAborted();
    const handle = await this.open(realPath, field);
    let entries: Entry[];
    try {
      const stats = await handle.stat();
      if (!stats.isDirectory()) {
        await this.take(path, realPath, handle, stats, field);
        return;
      }
      entries = await this.list(path, realPath, handle);
    } finally {
      await handle.close();
    }
    for (const entry of entries) await this.visitFound(entry, path, realPath, field, depth + 1);
  }

  /** Secrets in an expanded directory are passed over in silence, unreadable files are named. */
  private async visitFound(
    { name, directory }: Entry,
    parent: string,
    realParent: string,
    field: string,
    depth: number,
  ): Promise<void> {
    const path = join(parent, name);
    const realPath = join(realParent, name);
    if (this.reasonToDeny(realPath) !== undefined || (directory && isSkippedDirectory(name))) return;
    if (directory && depth > MAX_DEPTH) {
      this.skipped.push({ path, reason: `more than ${MAX_DEPTH} directories deep` });
      return;
    }
    try {
      await this.visit(path, realPath, field, depth);
    } catch (error) {
      this.skip(path, error);
    }
  }

  private skip(path: string, error: unknown): void {
    if (!(error instanceof ExaiError) || isPerCall(error)) throw error;
    this.skipped.push({ path, reason: SKIP_REASONS[error.code] ?? 'not readable' });
  }

  /** Opens without following a link and without waiting for a pipe, then makes sure it opened what was checked. */
  private async open(realPath: string, field: string): Promise<FileHandle> {
    const handle = await open(realPath, OPEN_FLAGS).catch((error: unknown) => {
      if (isMissing(error)) throw new ExaiError('FILE_NOT_FOUND', { field }, { cause: error });
      throw this.refuse(realPath, 'cannot be opened', field, error);
    });
    const same = await isSame(handle, realPath).catch(() => false);
    if (same) return handle;
    await handle.close();
    throw this.refuse(realPath, 'swapped while being opened', field);
  }

  private async take(
    path: string,
    realPath: string,
    handle: FileHandle,
    stats: Stats,
    field: string,
  ): Promise<void> {
    if (this.files.has(realPath)) return;
    if (!stats.isFile()) throw this.refuse(realPath, 'not a regular file', field);
    const data = stats.size > MAX_FILE_BYTES ? undefined : await readInto(this.buffer, handle);
    if (data === undefined) throw new ExaiError('FILE_TOO_LARGE', { field, limit: '1 MiB per file' });
    if (isBinary(data)) throw new ExaiError('FILE_BINARY', { field });
    this.bytes += data.byteLength;
    if (this.files.size >= MAX_FILES) throw tooMuch(`${MAX_FILES} files per call`, field);
    if (this.bytes > MAX_TOTAL_BYTES) throw tooMuch('8 MiB per call', field);
    const content = data
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replaceAll(/\r\n?/g, '\n');
    this.files.set(realPath, { path, content });
  }

  /** Sorted. Links are left out: where they lead is either read already or not to be read. */
  private async list(path: string, realPath: string, handle: FileHandle): Promise<Entry[]> {
    const found: Entry[] = [];
    // By descriptor, where that works: the name may lead elsewhere by now.
    const directory = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : realPath;
    for await (const entry of await opendir(directory)) {
      if (this.entries >= MAX_ENTRIES) {
        this.skipped.push({ path, reason: `cut after ${MAX_ENTRIES} directory entries` });
        break;
      }
      this.entries += 1;
      const isDirectory = entry.isDirectory();
      if (isDirectory || entry.isFile()) found.push({ name: entry.name, directory: isDirectory });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The canonical path is for the log; the caller learns only which argument is meant. */
  private refuse(path: string, reason: string, field: string, cause?: unknown): ExaiError {
    this.onRefused(path, reason);
    return new ExaiError('FILE_DENIED', { field, variable: 'EXAI_FILE_ROOTS' }, { cause });
  }
}

function refuseFaulty(paths: readonly string[], field: string): void {
  const issues = paths.flatMap((path, index) => {
    const expected = pathFault(path);
    return expected === undefined ? [] : [{ pointer: `/${field}/${index}`, expected }];
  });
  if (issues.length > 0) throw new ExaiError('INVALID_ARGUMENT', { issues });
}

function tooMuch(limit: string, field: string): ExaiError {
  return new ExaiError('FILE_TOO_LARGE', { field, limit, perCall: true });
}

function isPerCall(error: unknown): boolean {
  return error instanceof ExaiError && error.details['perCall'] === true;
}

async function realPaths(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return found.filter((path) => path !== undefined);
}

/** Whether the open file is the one at the checked path. */
async function isSame(handle: FileHandle, realPath: string): Promise<boolean> {
  if (process.platform === 'linux') return (await realpath(`/proc/self/fd/${handle.fd}`)) === realPath;
  const [opened, there, path] = await Promise.all([handle.stat(), stat(realPath), realpath(realPath)]);
  return path === realPath && opened.ino === there.ino && opened.dev === there.dev;
}

/** The whole file, or undefined when it has grown over the limit. Valid until the buffer is used again. */
async function readInto(buffer: Buffer, handle: FileHandle): Promise<Buffer | undefined> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  return undefined;
}
