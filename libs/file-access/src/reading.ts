import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
import {
  MAX_FILE_BYTES,
  MAX_FILES,
  MAX_TOTAL_BYTES,
  plainText,
  type ReadFiles,
  type SkippedFile,
  type TextFile,
} from './read-files.js';

interface Entry {
  readonly name: string;
  readonly directory: boolean;
}

const MAX_DEPTH = 8;
const MAX_ENTRIES = 2_000;

// Windows knows neither flag.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const NO_ROOTS_HINT =
  'Nothing may be read here: the operator opens directories with EXAI_FILE_ROOTS. Files of another computer are ' +
  'read by the stdio shim there: connect through `exai stdio`.';

const SKIP_REASONS: Readonly<Record<string, string>> = {
  FILE_BINARY: 'binary',
  FILE_TOO_LARGE: 'over 1 MiB',
  FILE_NOT_FOUND: 'gone',
};

/** One call's reading, with its limits. */
export class Reading {
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

  /**
   * One file of whatever kind, whole.
   * @param limit for errors
   */
  async whole(path: string, field: string, maxBytes: number, limit: string): Promise<Buffer> {
    this.signal.throwIfAborted();
    const realPath = await this.locate(path, field, true);
    const handle = await this.open(realPath, field);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw this.refuse(realPath, 'not a regular file', field);
      const size = Number(stats.size);
      const data = size > maxBytes ? undefined : await readInto(Buffer.allocUnsafe(size + 1), handle);
      if (data === undefined) throw new ExaiError('FILE_TOO_LARGE', { field, limit });
      return data;
    } finally {
      await handle.close();
    }
  }

  /** One regular file of whatever kind, to be read piece by piece; whoever asked closes it. */
  async openFile(path: string, field: string): Promise<FileHandle> {
    this.signal.throwIfAborted();
    const realPath = await this.locate(path, field, true);
    const handle = await this.open(realPath, field);
    try {
      if ((await handle.stat()).isFile()) return handle;
      throw this.refuse(realPath, 'not a regular file', field);
    } catch (error) {
      await handle.close();
      throw error;
    }
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
    this.files.set(realPath, { path, content: plainText(data.toString('utf8')) });
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
    const denied = new ExaiError('FILE_DENIED', { field, variable: 'EXAI_FILE_ROOTS' }, { cause });
    if (this.roots.length > 0) return denied;
    const wording = { message: denied.message, hint: NO_ROOTS_HINT };
    return new ExaiError(denied.code, denied.details, { cause, wording });
  }
}

function tooMuch(limit: string, field: string): ExaiError {
  return new ExaiError('FILE_TOO_LARGE', { field, limit, perCall: true });
}

function isPerCall(error: unknown): boolean {
  return error instanceof ExaiError && error.details['perCall'] === true;
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
