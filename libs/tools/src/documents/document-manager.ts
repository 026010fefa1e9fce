import { ExaiError } from '#libs/errors';
import { type FileOwner, type StoredFile, StoredFiles } from '#libs/stored-files';
import { Injectable } from '@nestjs/common';
import {
  type CleanupKind,
  type CleanupOptions,
  type RemovalReport,
  type StoredFileReport,
} from './caller-documents.js';
import { type FileProvider, FileProviders } from './file-providers.js';
import { FileRemoval } from './file-removal.js';
import { UNUSED_MS } from './provider-file-cleanup.js';

/** Shows and deletes what an owner has at a provider. */
@Injectable()
export class DocumentManager {
  constructor(
    private readonly files: StoredFiles,
    private readonly providers: FileProviders,
    private readonly removal: FileRemoval,
  ) {}

  async list(owner: FileOwner, provider: string, limit: number): Promise<readonly StoredFileReport[]> {
    return (await this.files.list(owner, provider, limit)).map(reportOn);
  }

  async delete(
    owner: FileOwner,
    provider: string,
    fileId: string,
    dryRun: boolean,
    signal: AbortSignal,
  ): Promise<RemovalReport> {
    const file = await this.files.find(owner, fileId, provider);
    if (!file) throw new ExaiError('FILE_NOT_FOUND', { file: fileId });
    return this.removeAll(this.providers.provider(provider), [file], dryRun, signal);
  }

  async cleanUp(
    owner: FileOwner,
    provider: string,
    which: CleanupKind,
    { limit, dryRun }: CleanupOptions,
    signal: AbortSignal,
  ): Promise<RemovalReport> {
    const vendor = this.providers.provider(provider);
    if (which === 'orphaned') return this.removeOrphans(owner, vendor, limit, dryRun, signal);
    const unusedMs = which === 'expired' ? UNUSED_MS : undefined;
    const due = await this.files.list(owner, provider, limit, unusedMs);
    return this.removeAll(vendor, due, dryRun, signal);
  }

  private async removeOrphans(
    owner: FileOwner,
    vendor: FileProvider,
    limit: number,
    dryRun: boolean,
    signal: AbortSignal,
  ): Promise<RemovalReport> {
    const unusable = await this.files.listUnusable(owner, vendor.id, limit);
    const lost = await this.lost(await this.files.list(owner, vendor.id, limit), vendor, signal);
    const orphans = [...unusable, ...lost].slice(0, limit);
    return this.removeAll(vendor, orphans, dryRun, signal);
  }

  /** The vendor's list may lag behind, so each that is not in it is asked for by its id. */
  private async lost(
    files: readonly StoredFile[],
    { files: store }: FileProvider,
    signal: AbortSignal,
  ): Promise<readonly StoredFile[]> {
    if (files.length === 0) return [];
    const present = new Set((await store.list(signal)).map(({ id }) => id));
    const lost: StoredFile[] = [];
    for (const file of files.filter(({ fileId }) => !present.has(fileId))) {
      const gone = await store.get(file.fileId, signal).then(
        () => false,
        (error: unknown) => {
          if (error instanceof ExaiError && error.code === 'FILE_NOT_FOUND') return true;
          throw error;
        },
      );
      if (gone) lost.push(file);
    }
    return lost;
  }

  private async removeAll(
    vendor: FileProvider,
    files: readonly StoredFile[],
    dryRun: boolean,
    signal: AbortSignal,
  ): Promise<RemovalReport> {
    const deleted: StoredFileReport[] = [];
    const failed: StoredFileReport[] = [];
    for (const file of files) {
      signal.throwIfAborted();
      if (!dryRun) await this.files.claim(file.id);
      const done = dryRun || (await this.removal.tryToRemove(vendor, file, signal));
      (done ? deleted : failed).push(reportOn(file));
    }
    return { deleted, failed };
  }
}

function reportOn(file: StoredFile): StoredFileReport {
  return {
    file_id: file.fileId,
    filename: file.filename,
    size_bytes: file.sizeBytes,
    sha256: file.sha256,
    uploaded_at: file.createdAt.toISOString(),
    last_used_at: file.lastUsedAt.toISOString(),
    uses: file.referenceCount,
  };
}
