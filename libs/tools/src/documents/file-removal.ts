import { rm } from 'node:fs/promises';
import { toExaiError } from '#libs/errors';
import { StoredFiles } from '#libs/stored-files';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type FileProvider } from './file-providers.js';

export interface RemovableFile {
  readonly id: string;
  readonly fileId: string;
  readonly cachePath: string | null;
}

/** Deletes a file that nobody may use any more: at the vendor, from the cache, and last from the records. */
@Injectable()
export class FileRemoval {
  constructor(
    private readonly files: StoredFiles,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(FileRemoval.name);
  }

  /** A vendor that cannot be asked now is asked again by the hourly cleanup: the record stays until it has answered. */
  async remove({ files }: FileProvider, file: RemovableFile, signal: AbortSignal): Promise<void> {
    await files.delete(file.fileId, signal);
    await this.forget(file);
  }

  /** For a file that the vendor does not have. */
  async forget({ id, cachePath }: RemovableFile): Promise<void> {
    if (cachePath !== null) await rm(cachePath, { force: true }).catch(() => undefined);
    await this.files.remove(id);
  }

  /** As `remove`; a failure is noted and left to the cleanup. */
  async tryToRemove(provider: FileProvider, file: RemovableFile, signal: AbortSignal): Promise<boolean> {
    try {
      await this.remove(provider, file, signal);
      return true;
    } catch (error) {
      const { code } = toExaiError(error);
      this.logger.warn({ provider: provider.id, code }, 'a stored file could not be deleted yet');
      return false;
    }
  }
}
