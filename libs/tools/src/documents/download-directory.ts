import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { isInside, locate, pathFault } from '#libs/file-access';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { withSuffix } from './file-names.js';
import { copyInto, hashOf, type HashedFile } from './hashed-copy.js';

const POINTER = '/destination';
/** Files of one name that differ; a directory with more is not a place for another. */
const MOST_NAMESAKES = 1_000;

const OUTSIDE = {
  message: 'The destination is outside the directory for downloads.',
  hint: 'Leave destination out, or name a directory below it; the operator sets EXAI_DOWNLOAD_DIR.',
};

const UNWRITABLE = {
  message: 'The directory for downloads cannot be written to.',
  hint: 'The operator makes EXAI_DOWNLOAD_DIR a directory with free space that the worker may write to.',
};

/** The only place a tool writes to. */
@Injectable()
export class DownloadDirectory {
  private readonly logger = new Logger(DownloadDirectory.name);

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'files'>) {}

  /**
   * The canonical directory to write into; it exists afterwards.
   * @param destination absolute; default: the directory for downloads itself
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED
   */
  async prepare(destination: string | undefined): Promise<string> {
    const root = await this.root();
    if (destination === undefined) return root;
    const expected = pathFault(destination);
    if (expected !== undefined) {
      throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: POINTER, expected }] });
    }
    const found = await locate(destination).catch(() => undefined);
    if (!found || !isInside(root, found.realPath)) throw this.refuse(found?.realPath ?? destination);
    try {
      await mkdir(found.realPath, { recursive: true });
    } catch (error) {
      // A file stands in the way, or the right is missing.
      throw this.unwritable(found.realPath, error);
    }
    // Made of names only, so a link that came in between must not lead out.
    const directory = await realpath(found.realPath);
    if (!isInside(root, directory)) throw this.refuse(directory);
    return directory;
  }

  /**
   * Copies a file into a directory. A file that is there is never written over: one with the same content is the
   * answer, one with another gets a namesake with a number.
   * @throws ExaiError FILE_CORRUPTED when the copy is not what was promised; nothing is left of it then
   */
  async place(source: string, promised: HashedFile, directory: string, name: string): Promise<string> {
    const unfinished = join(directory, `.${randomUUID()}.part`);
    try {
      const handle = await open(unfinished, 'wx', 0o600);
      const copied = await copyInto(source, handle).finally(() => handle.close());
      if (copied.sha256 !== promised.sha256) throw new ExaiError('FILE_CORRUPTED');
      return await this.giveName(unfinished, promised, directory, name);
    } catch (error) {
      throw error instanceof ExaiError ? error : this.unwritable(directory, error);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  private async root(): Promise<string> {
    const { downloadDir } = this.config.files;
    try {
      await mkdir(downloadDir, { recursive: true });
      return await realpath(downloadDir);
    } catch (error) {
      throw this.unwritable(downloadDir, error);
    }
  }

  private async giveName(
    unfinished: string,
    { sha256, sizeBytes }: HashedFile,
    directory: string,
    name: string,
  ): Promise<string> {
    for (let number = 0; number < MOST_NAMESAKES; number += 1) {
      const path = join(directory, number === 0 ? name : withSuffix(name, `-${number}`));
      if (await create(unfinished, path)) {
        await syncDirectory(directory);
        return path;
      }
      const present = await hashOf(path);
      if (present?.sha256 === sha256 && present.sizeBytes === sizeBytes) return path;
    }
    throw new ExaiError('INVALID_ARGUMENT', {
      issues: [
        { pointer: POINTER, expected: `a directory with fewer than ${MOST_NAMESAKES} files of this name` },
      ],
    });
  }

  /** The canonical path is for the log alone. */
  private refuse(path: string): ExaiError {
    this.logger.warn(`download refused, outside the directory for downloads: ${JSON.stringify(path)}`);
    const details = { field: POINTER, variable: 'EXAI_DOWNLOAD_DIR' };
    return new ExaiError('FILE_DENIED', details, { wording: OUTSIDE });
  }

  private unwritable(path: string, cause: unknown): ExaiError {
    const { code } = cause as { code?: unknown };
    this.logger.error(`downloads cannot be written, ${String(code)}: ${JSON.stringify(path)}`);
    return new ExaiError('FILE_DENIED', { variable: 'EXAI_DOWNLOAD_DIR' }, { cause, wording: UNWRITABLE });
  }
}

/** Gives a finished file its name in one step; false = the name is taken. */
async function create(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
  }
  // A file system without links.
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'EEXIST';
}

/** So that the name survives a crash too; not every system opens directories. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The content is on the disk already.
  }
}
