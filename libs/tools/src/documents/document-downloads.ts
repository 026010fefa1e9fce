import { ExaiError, toExaiError } from '#libs/errors';
import { type FileOwner, type NewDownload, type StoredFile, StoredFiles } from '#libs/stored-files';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type DownloadReport } from './caller-documents.js';
import { cacheMs, ContentCache, type FetchedContent } from './content-cache.js';
import { DownloadDirectory } from './download-directory.js';
import { largestDownload, refuseRunnable, safeName } from './file-names.js';
import { FileProviders } from './file-providers.js';
import { FileRemoval } from './file-removal.js';
import { hashOf, type HashedFile } from './hashed-copy.js';
import { SingleFlight } from './single-flight.js';

const NOT_YOURS = {
  message: 'There is no file of yours under this id.',
  hint: 'Only files that you have asked about with smart_file_query can be downloaded; its metadata names their file_id.',
};

interface Copy extends HashedFile {
  readonly path: string;
  readonly source: 'local' | 'provider';
}

/** What happened on the way, for the record of the download. */
interface Course {
  source: 'local' | 'provider';
  thrownAway: number;
}

/** Brings the owner's files from the provider to this computer. */
@Injectable()
export class DocumentDownloads {
  private readonly flights = new SingleFlight<Copy>();

  constructor(
    private readonly files: StoredFiles,
    private readonly providers: FileProviders,
    private readonly cache: ContentCache,
    private readonly directory: DownloadDirectory,
    private readonly removal: FileRemoval,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(DocumentDownloads.name);
  }

  /**
   * @param destination absolute; default: the directory for downloads
   * @throws ExaiError FILE_NOT_FOUND, FILE_BINARY, FILE_DENIED, FILE_TOO_LARGE, FILE_CORRUPTED, or what the provider
   * answered
   */
  async download(
    owner: FileOwner,
    fileId: string,
    destination: string | undefined,
    signal: AbortSignal,
  ): Promise<DownloadReport> {
    const file = await this.files.find(owner, fileId);
    if (!file) throw new ExaiError('FILE_NOT_FOUND', { file: fileId }, { wording: NOT_YOURS });
    refuseRunnable(file.filename);
    const directory = await this.directory.prepare(destination);
    const startedAt = performance.now();
    const course: Course = { source: 'local', thrownAway: 0 };
    const record = (outcome: Pick<NewDownload, 'destination' | 'sizeBytes' | 'errorCode'>) =>
      this.record(owner, file, course, Math.round(performance.now() - startedAt), outcome);
    try {
      const copy = await this.copyOf(owner, file, course, signal);
      const path = await this.place(copy, file, directory);
      await this.files.touch(file.id);
      await record({ destination: path, sizeBytes: copy.sizeBytes, errorCode: null });
      return reportOn(file, copy, path);
    } catch (error) {
      const { code } = toExaiError(error);
      if (code === 'FILE_CORRUPTED') course.thrownAway += 1;
      await record({ destination: null, sizeBytes: null, errorCode: code });
      throw error;
    }
  }

  private async copyOf(
    owner: FileOwner,
    file: StoredFile,
    course: Course,
    signal: AbortSignal,
  ): Promise<Copy> {
    const cached = await this.cached(file, course);
    if (cached) return cached;
    const { value } = await this.flights.run(file.id, signal, (ofAll) =>
      this.newCopyOf(owner, file, course, ofAll),
    );
    course.source = value.source;
    return value;
  }

  private async newCopyOf(
    owner: FileOwner,
    file: StoredFile,
    course: Course,
    signal: AbortSignal,
  ): Promise<Copy> {
    // A download that ended since the first look.
    const present = await this.files.find(owner, file.fileId, file.provider);
    const cached = present && (await this.cached(present, course));
    if (cached) return cached;
    course.source = 'provider';
    return this.fetch(owner, file, signal);
  }

  private async cached(file: StoredFile, course: Course): Promise<Copy | undefined> {
    const { cachePath: path, cacheExpiresAt, contentSha256 } = file;
    if (path === null || cacheExpiresAt === null || cacheExpiresAt.getTime() <= Date.now()) return undefined;
    const found = await hashOf(path);
    if (!found) return undefined;
    if (found.sha256 === contentSha256) return { ...found, path, source: 'local' };
    course.thrownAway += 1;
    this.logger.warn({ fileId: file.fileId }, 'a cached file was changed; it is fetched again');
    await this.cache.drop(path);
    return undefined;
  }

  private async fetch(owner: FileOwner, file: StoredFile, signal: AbortSignal): Promise<Copy> {
    const { files } = this.providers.provider(file.provider);
    // What a vendor extracts is text, whatever the file was.
    const maxBytes = largestDownload(files.extractsText ? 'extracted.txt' : file.filename);
    const fetched = await this.cache
      .receive((take) => files.download(file.fileId, take, maxBytes, signal))
      .catch(async (error: unknown) => {
        if (error instanceof ExaiError && error.code === 'FILE_NOT_FOUND') await this.forget(file);
        throw error;
      });
    try {
      refuseRunnable(file.filename, fetched.start);
      if (!files.extractsText && fetched.sha256 !== file.sha256) throw new ExaiError('FILE_CORRUPTED');
      return await this.keep(owner, file, fetched);
    } catch (error) {
      await this.cache.drop(fetched.path);
      throw error;
    }
  }

  private async keep(owner: FileOwner, file: StoredFile, fetched: FetchedContent): Promise<Copy> {
    const { sha256, sizeBytes } = fetched;
    const path = this.cache.pathOf(file.id);
    const content = { sha256, cachePath: path, cacheMs: cacheMs(sizeBytes) };
    if (!(await this.files.keepContent(file.id, content))) {
      const present = await this.files.find(owner, file.fileId, file.provider);
      throw new ExaiError(present ? 'FILE_CORRUPTED' : 'FILE_NOT_FOUND', { file: file.fileId });
    }
    await this.cache.keep(fetched, file.id);
    return { path, sha256, sizeBytes, source: 'provider' };
  }

  private async place(copy: Copy, file: StoredFile, directory: string): Promise<string> {
    const name = isExtracted(file, copy) ? `${file.filename}.txt` : file.filename;
    return this.directory.place(copy.path, copy, directory, safeName(name));
  }

  private async forget(file: StoredFile): Promise<void> {
    if (await this.files.claim(file.id)) await this.removal.forget(file);
  }

  /** A record that cannot be written does not cost the caller the file. */
  private async record(
    owner: FileOwner,
    { provider, fileId }: StoredFile,
    { source, thrownAway }: Course,
    durationMs: number,
    outcome: Pick<NewDownload, 'destination' | 'sizeBytes' | 'errorCode'>,
  ): Promise<void> {
    const how = { durationMs, cacheHit: source === 'local', cacheSource: source, errorCount: thrownAway };
    await this.files
      .recordDownload(owner, { provider, fileId, ...how, ...outcome })
      .catch((error: unknown) => this.logger.warn({ err: error }, 'a download was not recorded'));
  }
}

function isExtracted(file: StoredFile, copy: HashedFile): boolean {
  return copy.sha256 !== file.sha256;
}

function reportOn(file: StoredFile, copy: Copy, path: string): DownloadReport {
  const { sha256, sizeBytes, source } = copy;
  return {
    path,
    fileId: file.fileId,
    provider: file.provider,
    sha256,
    sizeBytes,
    cacheHit: source === 'local',
    cacheSource: source,
    extracted: isExtracted(file, copy),
  };
}
