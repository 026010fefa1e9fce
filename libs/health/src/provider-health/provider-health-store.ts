import { Changes, LAZY_POOL } from '#libs/dispatch';
import { type ProviderHealthReport } from '#libs/providers';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Pool } from 'pg';
import { mergeHealth, type MergedHealth, type StoredHealth } from './merged-health.js';

/** A row that was not written anew for this long is of a worker that is gone. */
const FRESH_SECONDS = 30;
const READ_PATIENCE_MS = 1_000;
/** Several readers of one moment share one statement. */
const REUSE_MS = 1_000;

/** Where clients read what the workers say. */
export const PROVIDERS_STATUS_URI = 'exai://providers/status';

/** How the workers find the providers, told to the other processes through a table. */
@Injectable()
export class ProviderHealthStore implements OnApplicationShutdown {
  private readonly unsubscribe: () => void;
  private read: { readonly at: number; readonly reports: Promise<readonly MergedHealth[]> } | undefined;

  constructor(
    @Inject(LAZY_POOL) private readonly pool: Pool,
    changes: Changes,
  ) {
    // Whoever reads because of the news must not get what was read before it.
    this.unsubscribe = changes.subscribe((change) => {
      if (typeof change === 'object' && change.uri === PROVIDERS_STATUS_URI) this.read = undefined;
    });
  }

  onApplicationShutdown(): void {
    this.unsubscribe();
  }

  async write(processId: string, reports: readonly ProviderHealthReport[]): Promise<void> {
    await this.pool.query({
      name: 'provider-health-write',
      text: `
        WITH old AS (
          DELETE FROM provider_health WHERE updated_at < clock_timestamp() - interval '10 minutes'
        )
        INSERT INTO provider_health (process_id, provider, report)
        SELECT $1, provider, report::jsonb FROM unnest($2::text[], $3::text[]) AS r (provider, report)
        ON CONFLICT (process_id, provider)
          DO UPDATE SET report = excluded.report, updated_at = clock_timestamp()`,
      values: [
        processId,
        reports.map(({ provider }) => provider),
        reports.map((report) => JSON.stringify(report)),
      ],
    });
  }

  async forget(processId: string): Promise<void> {
    await this.pool.query('DELETE FROM provider_health WHERE process_id = $1', [processId]);
  }

  /** What the living workers say; nothing when the database does not answer within a second. */
  merged(): Promise<readonly MergedHealth[]> {
    if (!this.read || Date.now() - this.read.at > REUSE_MS) {
      this.read = { at: Date.now(), reports: this.readAll() };
    }
    return this.read.reports;
  }

  private async readAll(): Promise<readonly MergedHealth[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly MergedHealth[]>((resolve) => {
      timer = setTimeout(() => resolve([]), READ_PATIENCE_MS);
    });
    const rows = this.pool
      .query<{ report: StoredHealth }>({
        name: 'provider-health-read',
        text: `SELECT report FROM provider_health
               WHERE updated_at > clock_timestamp() - $1::int * interval '1 second'`,
        values: [FRESH_SECONDS],
      })
      .then((result) => mergeHealth(result.rows.map(({ report }) => report)))
      .catch((): readonly MergedHealth[] => []);
    const reports = await Promise.race([rows, late]);
    clearTimeout(timer);
    return reports;
  }
}
