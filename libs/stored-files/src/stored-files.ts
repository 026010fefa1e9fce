import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsWhere, In, IsNull, LessThan, Not, type Repository } from 'typeorm';
import { FileDownloadEntity } from './file-download.entity.js';
import { type FileOwner } from './file-owner.js';
import { ProviderFileEntity } from './provider-file.entity.js';
import { brokenUnique, stored } from './store-failure.js';

export interface NewFile {
  readonly provider: string;
  readonly sha256: string;
  readonly filename: string;
  /** Bytes. */
  readonly sizeBytes: number;
}

/** A file that can be used. */
export type StoredFile = ProviderFileEntity & { readonly fileId: string };

/** `duplicate`: another process finished the same upload first. `foreign`: the vendor's id is somebody's already. */
export type Completion = 'completed' | 'duplicate' | 'foreign';

export interface Content {
  readonly sha256: string;
  readonly cachePath: string;
  readonly cacheMs: number;
}

export type NewDownload = Omit<FileDownloadEntity, 'id' | 'tenantId' | 'principalId'>;

const ONE_CONTENT = 'provider_files_content';
const NOW = () => 'clock_timestamp()';

/** Who has which file at which provider. Every look-up is bound to its owner: nobody learns of another's files. */
@Injectable()
export class StoredFiles {
  constructor(
    @InjectRepository(ProviderFileEntity) private readonly files: Repository<ProviderFileEntity>,
    @InjectRepository(FileDownloadEntity) private readonly downloads: Repository<FileDownloadEntity>,
  ) {}

  /** The owner's file with this content, counted as used once more. */
  async use(provider: string, owner: FileOwner, sha256: string): Promise<StoredFile | undefined> {
    return stored(async () => {
      const where = { ...owned(owner), provider, sha256, uploadStatus: 'completed' } as const;
      const used = { referenceCount: () => 'reference_count + 1', lastUsedAt: NOW, updatedAt: NOW };
      await this.files.createQueryBuilder().update().set(used).where(where).execute();
      return usable(await this.files.findOneBy(where));
    });
  }

  /** The newest file of the owner with this vendor's id. */
  async find(owner: FileOwner, fileId: string, provider?: string): Promise<StoredFile | undefined> {
    const where = {
      ...owned(owner),
      fileId,
      uploadStatus: 'completed',
      ...(provider && { provider }),
    } as const;
    return stored(async () => usable(await this.files.findOne({ where, order: { lastUsedAt: 'DESC' } })));
  }

  /** Those used last come first; `unusedMs`: only those not used for so long. */
  async list(
    owner: FileOwner,
    provider: string,
    limit: number,
    unusedMs?: number,
  ): Promise<readonly StoredFile[]> {
    const where: FindOptionsWhere<ProviderFileEntity> = {
      ...owned(owner),
      provider,
      uploadStatus: 'completed',
      ...(unusedMs !== undefined && { lastUsedAt: LessThan(new Date(Date.now() - unusedMs)) }),
    };
    return stored(async () =>
      (await this.files.find({ where, order: { lastUsedAt: 'DESC' }, take: limit })).flatMap(
        (file) => usable(file) ?? [],
      ),
    );
  }

  /** What the vendor may hold of the owner although nobody can use it. */
  async listUnusable(owner: FileOwner, provider: string, limit: number): Promise<readonly StoredFile[]> {
    const where: FindOptionsWhere<ProviderFileEntity> = {
      ...owned(owner),
      provider,
      uploadStatus: In(['failed', 'deleted']),
      fileId: Not(IsNull()),
    };
    return stored(async () =>
      (await this.files.find({ where, take: limit })).filter(
        (file): file is StoredFile => file.fileId !== null,
      ),
    );
  }

  /** Notes an upload before it is sent. @returns the id of the record */
  async begin(owner: FileOwner, file: NewFile): Promise<string> {
    const id = randomUUID();
    await stored(() => this.files.insert({ id, ...owned(owner), ...file, uploadStatus: 'pending' }));
    return id;
  }

  /** The upload is done. Unless it is `completed`, the record holds what is to be deleted at the vendor, or is gone. */
  async complete(id: string, fileId: string): Promise<Completion> {
    try {
      await this.files.update(id, { fileId, uploadStatus: 'completed', updatedAt: NOW, lastUsedAt: NOW });
      return 'completed';
    } catch (error) {
      const broken = brokenUnique(error);
      if (broken === ONE_CONTENT) {
        const failed = { fileId, uploadStatus: 'failed', errorMessage: 'DUPLICATE', updatedAt: NOW } as const;
        await stored(() => this.files.update(id, failed));
        return 'duplicate';
      }
      if (broken === undefined) return stored(() => Promise.reject(error as Error));
      await this.remove(id);
      return 'foreign';
    }
  }

  async fail(id: string, code: string): Promise<void> {
    const failed = { uploadStatus: 'failed', errorMessage: code, updatedAt: NOW } as const;
    await stored(() => this.files.update(id, failed));
  }

  /** From here on nobody uses it; false = somebody else has it already. */
  async claim(id: string): Promise<boolean> {
    const claimed = { uploadStatus: 'deleted', updatedAt: NOW } as const;
    const { affected } = await stored(() => this.files.update({ id, uploadStatus: Not('deleted') }, claimed));
    return affected === 1;
  }

  async remove(id: string): Promise<void> {
    await stored(() => this.files.delete(id));
  }

  /** Remembers what a download gave; false = the vendor gave something else before. */
  async keepContent(id: string, { sha256, cachePath, cacheMs }: Content): Promise<boolean> {
    const kept = {
      contentSha256: sha256,
      cachePath,
      cacheExpiresAt: new Date(Date.now() + cacheMs),
      updatedAt: NOW,
    };
    const same = [
      { id, contentSha256: IsNull() },
      { id, contentSha256: sha256 },
    ];
    const { affected } = await stored(() =>
      this.files.createQueryBuilder().update().set(kept).where(same).execute(),
    );
    return affected === 1;
  }

  async touch(id: string): Promise<void> {
    await stored(() => this.files.update(id, { lastUsedAt: NOW }));
  }

  async recordDownload(owner: FileOwner, download: NewDownload): Promise<void> {
    await stored(() => this.downloads.insert({ ...owned(owner), ...download }));
  }
}

function owned({ tenant, subject }: FileOwner) {
  return { tenantId: tenant, principalId: subject };
}

function usable(file: ProviderFileEntity | null): StoredFile | undefined {
  return file !== null && file.fileId !== null ? (file as StoredFile) : undefined;
}
