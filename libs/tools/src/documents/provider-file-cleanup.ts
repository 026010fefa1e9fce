import { FileUpkeep } from '#libs/stored-files';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ContentCache } from './content-cache.js';
import { type FileProvider, FileProviders } from './file-providers.js';
import { FileRemoval } from './file-removal.js';

const DAY_MS = 86_400_000;
/** A file that nobody used for so long is deleted at the vendor. */
export const UNUSED_MS = 14 * DAY_MS;
/** A vendor account takes 1,000 files. */
const MOST_FILES = 900;
const LEFTOVER_MS = DAY_MS;
const DOWNLOAD_RECORD_MS = 90 * DAY_MS;

const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
/** Of one provider in one run. */
const BATCH = 100;
/** A provider that fails so often in a row is left for the next run. */
const MOST_FAILURES = 3;

/** Deletes files at vendors that nobody uses any more. Of several workers one does it at a time. */
@Injectable()
export class ProviderFileCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private first: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly upkeep: FileUpkeep,
    private readonly providers: FileProviders,
    private readonly removal: FileRemoval,
    private readonly cache: ContentCache,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ProviderFileCleanup.name);
  }

  onApplicationBootstrap(): void {
    const run = (): void => void this.run().catch((error: unknown) => this.report(error));
    this.first = setTimeout(run, FIRST_MS).unref();
    this.timer = setInterval(run, EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.first);
    clearInterval(this.timer);
    this.stopping.abort();
  }

  /** @param most files that may stay at one provider */
  async run(most = MOST_FILES): Promise<void> {
    await this.cache.sweep();
    await this.upkeep.alone(async () => {
      for (const provider of await this.upkeep.providers()) await this.clean(provider, most);
      await this.upkeep.removeOld({ leftoverMs: LEFTOVER_MS, downloadMs: DOWNLOAD_RECORD_MS });
    });
  }

  private async clean(id: string, keep: number): Promise<void> {
    const provider = this.ready(id);
    if (!provider) return;
    const due = await this.upkeep.claimDue(id, { unusedMs: UNUSED_MS, keep, limit: BATCH });
    let failures = 0;
    let deleted = 0;
    for (const file of due) {
      if (this.stopping.signal.aborted || failures >= MOST_FAILURES) break;
      const done = await this.removal.tryToRemove(provider, file, this.stopping.signal);
      failures = done ? 0 : failures + 1;
      if (done) deleted += 1;
    }
    if (due.length > 0) this.logger.info({ provider: id, due: due.length, deleted }, 'unused files deleted');
  }

  /** Without its key a provider cannot be asked; its files wait. */
  private ready(id: string): FileProvider | undefined {
    try {
      return this.providers.provider(id);
    } catch {
      return undefined;
    }
  }

  private report(error: unknown): void {
    if (!this.stopping.signal.aborted) this.logger.warn({ err: error }, 'unused files were not deleted');
  }
}
