import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type DataSource } from 'typeorm';
import { stored } from './store-failure.js';

/** Any constant will do; it must be the same in every process of every version. */
const UPKEEP_LOCK = 0x46494c45;

export interface ClaimedFile {
  readonly id: string;
  readonly fileId: string;
  readonly cachePath: string | null;
}

export interface DueOptions {
  /** Not used for so many milliseconds. */
  readonly unusedMs: number;
  /** Of the others, so many may stay at the vendor; the longest unused go first. */
  readonly keep: number;
  readonly limit: number;
}

/** What has to be deleted once nobody uses it, over all owners. */
@Injectable()
export class FileUpkeep {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Runs the work unless another process is at it. @returns whether it ran */
  async alone(work: () => Promise<void>): Promise<boolean> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const rows = (await runner.query('SELECT pg_try_advisory_lock($1) AS mine', [UPKEEP_LOCK])) as {
        mine: boolean;
      }[];
      if (rows[0]?.mine !== true) return false;
      try {
        await work();
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1)', [UPKEEP_LOCK]);
      }
      return true;
    } finally {
      await runner.release();
    }
  }

  /** Providers that somebody has files at. */
  async providers(): Promise<readonly string[]> {
    const rows = await this.query<{ provider: string }>('SELECT DISTINCT provider FROM provider_files', []);
    return rows.map(({ provider }) => provider);
  }

  /** Takes the files that are due, longest unused first, so that nobody uses them any more. */
  async claimDue(provider: string, { unusedMs, keep, limit }: DueOptions): Promise<readonly ClaimedFile[]> {
    return this.query<ClaimedFile>(CLAIM_DUE, [provider, unusedMs, keep, limit]);
  }

  /** Removes records that lead to nothing any more. */
  async removeOld({ leftoverMs, downloadMs }: { leftoverMs: number; downloadMs: number }): Promise<void> {
    await this.query(REMOVE_LEFTOVERS, [leftoverMs]);
    await this.query(REMOVE_DOWNLOADS, [downloadMs]);
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return stored(() => this.dataSource.query<Row[]>(sql, parameters));
  }
}

const AGO = (parameter: string) => `clock_timestamp() - ${parameter}::float8 * interval '1 millisecond'`;

/** What a process claimed and did not finish within ten minutes is due again. */
const CLAIM_DUE = `
  WITH usable AS (
    SELECT id, last_used_at, row_number() OVER (ORDER BY last_used_at DESC) AS place
    FROM provider_files WHERE provider = $1 AND upload_status = 'completed'
  ), due AS (
    SELECT id, last_used_at FROM usable WHERE last_used_at < ${AGO('$2')} OR place > $3
    UNION ALL
    SELECT id, last_used_at FROM provider_files
    WHERE provider = $1 AND upload_status IN ('failed', 'deleted') AND provider_file_id IS NOT NULL
      AND updated_at < clock_timestamp() - interval '10 minutes'
    ORDER BY last_used_at LIMIT $4
  ), claimed AS (
    UPDATE provider_files f SET upload_status = 'deleted', updated_at = clock_timestamp()
    FROM due WHERE f.id = due.id
    RETURNING f.id, f.provider_file_id, f.cache_path, f.last_used_at
  )
  SELECT id, provider_file_id AS "fileId", cache_path AS "cachePath" FROM claimed ORDER BY last_used_at`;

const REMOVE_LEFTOVERS = `
  DELETE FROM provider_files
  WHERE upload_status <> 'completed' AND provider_file_id IS NULL AND updated_at < ${AGO('$1')}`;

const REMOVE_DOWNLOADS = `DELETE FROM file_downloads WHERE created_at < ${AGO('$1')}`;
