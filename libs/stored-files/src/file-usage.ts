import { createHash } from 'node:crypto';
import { ExaiError } from '#libs/errors';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { type DataSource } from 'typeorm';
import { type FileOwner } from './file-owner.js';

const LIMITS = {
  requests: { points: 60, seconds: 60, words: '60 file questions a minute' },
  uploads: { points: 100, seconds: 3_600, words: '100 uploads an hour' },
  kilobytes: { points: 1_000_000, seconds: 86_400, words: '1,000 MB of uploads a day' },
} as const;

export type UsageKind = keyof typeof LIMITS;

/** What one principal may ask of the file stores, counted in the database and so over all workers. */
@Injectable()
export class FileUsage {
  private readonly limiters: Readonly<Record<UsageKind, RateLimiterPostgres>>;

  constructor(@InjectDataSource() dataSource: DataSource) {
    const open = (kind: UsageKind, clearExpiredByTimeout: boolean): RateLimiterPostgres => {
      const { points, seconds: duration } = LIMITS[kind];
      return new RateLimiterPostgres({
        storeClient: dataSource,
        storeType: 'typeorm',
        tableName: 'usage_limits',
        tableCreated: true,
        clearExpiredByTimeout,
        keyPrefix: kind,
        points,
        duration,
      });
    };
    // One of them clears the table for all.
    this.limiters = {
      requests: open('requests', true),
      uploads: open('uploads', false),
      kilobytes: open('kilobytes', false),
    };
  }

  /**
   * Takes points; what does not fit is not taken.
   * @throws ExaiError QUOTA_EXCEEDED with the time until there are points again.
   */
  async take(owner: FileOwner, kind: UsageKind, points = 1): Promise<void> {
    try {
      await this.limiters[kind].consume(keyOf(owner), points);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
      await this.giveBack(owner, kind, points);
      throw new ExaiError('QUOTA_EXCEEDED', {
        limit: LIMITS[kind].words,
        retryAfterMs: Math.ceil(error.msBeforeNext),
      });
    }
  }

  /** What was taken for something that did not happen. */
  async giveBack(owner: FileOwner, kind: UsageKind, points = 1): Promise<void> {
    await this.limiters[kind].reward(keyOf(owner), points).catch(() => undefined);
  }
}

/** Names of principals have no limit of length here, the column has. */
function keyOf({ tenant, subject }: FileOwner): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, subject]))
    .digest('hex');
}
