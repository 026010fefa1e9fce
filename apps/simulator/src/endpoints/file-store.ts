import { z } from 'zod';
import { InputError } from '../input-error.js';

const MEBIBYTE = 1_048_576;

export const fileSettingsSchema = z.strictObject({
  largestBytes: z.number().int().positive().optional(),
  mostFiles: z.number().int().positive().optional(),
});

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly content: Buffer;
}

interface Owned extends StoredFile {
  readonly account: string;
}

const DEFAULT_LIMITS = { largestBytes: 100 * MEBIBYTE, mostFiles: 1_000 };
/** Of all accounts: the store is memory. */
const MOST_BYTES = 512 * MEBIBYTE;

/** Files of all accounts, each seen by its own only. */
export class FileStore {
  private limits = DEFAULT_LIMITS;
  private readonly files = new Map<string, Owned>();
  private bytes = 0;
  private lastId = 0;

  get largestBytes(): number {
    return this.limits.largestBytes;
  }

  configure(settings: z.infer<typeof fileSettingsSchema>): void {
    this.limits = {
      largestBytes: settings.largestBytes ?? this.limits.largestBytes,
      mostFiles: settings.mostFiles ?? this.limits.mostFiles,
    };
  }

  add(account: string, file: Pick<StoredFile, 'name' | 'purpose' | 'content'>): StoredFile {
    const size = file.content.length;
    if (size === 0) throw new InputError('The file is empty.', 'invalid_file');
    if (this.list(account).length >= this.limits.mostFiles) {
      throw new InputError(`There are ${this.limits.mostFiles} files already.`, 'too_many_files');
    }
    if (this.bytes + size > MOST_BYTES) throw new InputError('The file store is full.', 'store_full');
    const id = `file-sim-${++this.lastId}`;
    const stored = { ...file, id, account, createdAt: Math.floor(Date.now() / 1000) };
    this.files.set(id, stored);
    this.bytes += size;
    return stored;
  }

  list(account: string): StoredFile[] {
    return [...this.files.values()].filter((file) => file.account === account);
  }

  get(account: string, id: string): StoredFile {
    const file = this.files.get(id);
    if (file?.account !== account)
      throw new InputError(`The file "${id}" does not exist.`, 'file_not_found', 404);
    return file;
  }

  delete(account: string, id: string): void {
    this.bytes -= this.get(account, id).content.length;
    this.files.delete(id);
  }

  resetLimits(): void {
    this.limits = DEFAULT_LIMITS;
  }
}
