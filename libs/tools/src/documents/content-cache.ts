import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG, type Config } from '#libs/config';
import { type TakePiece } from '#libs/providers';
import { Inject, Injectable } from '@nestjs/common';
import { START_BYTES } from './file-names.js';
import { type HashedFile, writeWhole } from './hashed-copy.js';

const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;
const UNFINISHED = '.part';

export interface FetchedContent extends HashedFile {
  /** The first bytes. */
  readonly start: Uint8Array;
  readonly path: string;
}

/** How long a copy is kept: the larger, the shorter. */
export function cacheMs(sizeBytes: number): number {
  if (sizeBytes < 10 * MEGABYTE) return 14 * DAY_MS;
  return (sizeBytes < 100 * MEGABYTE ? 7 : 3) * DAY_MS;
}

/** Copies of what vendors gave back, in the data directory, which no tool reads from. */
@Injectable()
export class ContentCache {
  private readonly directory: string;

  constructor(@Inject(CONFIG) config: Pick<Config, 'server'>) {
    this.directory = join(config.server.dataDir, 'file-cache');
  }

  /** Where the copy of a record lies, once it was taken over. */
  pathOf(id: string): string {
    return join(this.directory, id);
  }

  /** Takes down what `fill` gives; what could not be taken down whole is not left behind. */
  async receive(fill: (take: TakePiece) => Promise<void>): Promise<FetchedContent> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const path = join(this.directory, `${randomUUID()}${UNFINISHED}`);
    const handle = await open(path, 'wx', 0o600);
    const hash = createHash('sha256');
    let start = Buffer.alloc(0);
    let sizeBytes = 0;
    try {
      await fill(async (piece) => {
        if (start.length < START_BYTES) start = Buffer.concat([start, piece]).subarray(0, START_BYTES);
        hash.update(piece);
        sizeBytes += piece.byteLength;
        await writeWhole(handle, piece);
      });
      await handle.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return { path, start, sizeBytes, sha256: hash.digest('hex') };
  }

  /** Makes what was received the copy of a record. */
  async keep(received: FetchedContent, id: string): Promise<string> {
    const path = this.pathOf(id);
    await rename(received.path, path);
    return path;
  }

  async drop(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** Removes copies that are past their time, and what a process that died left unfinished. */
  async sweep(now = Date.now()): Promise<void> {
    const names = await readdir(this.directory).catch(() => [] as string[]);
    for (const name of names) {
      const path = join(this.directory, name);
      const found = await stat(path).catch(() => undefined);
      if (!found) continue;
      const life = name.endsWith(UNFINISHED) ? DAY_MS : cacheMs(found.size);
      if (now - found.mtimeMs > life) await rm(path, { force: true });
    }
  }
}
