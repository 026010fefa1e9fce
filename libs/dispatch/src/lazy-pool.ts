import { type Config } from '#libs/config';
import { type PinoLogger } from 'nestjs-pino';
import pg, { type Pool } from 'pg';

/** The pool whose commits do not wait for the disk. */
export const LAZY_POOL = Symbol('LAZY_POOL');

/**
 * For the start of an attempt, heartbeats, inline calls and sums of money: should the database crash, they are lost
 * together with nothing that was promised, and the next synchronous commit takes them to the disk.
 */
export function openLazyPool(config: Config, logger: PinoLogger): Pool {
  const pool = new pg.Pool({
    connectionString: config.database.url,
    max: 2,
    options: '-c synchronous_commit=off',
    application_name: 'exai-ledger',
    connectionTimeoutMillis: 2_000,
    query_timeout: 10_000,
    keepAlive: true,
  });
  pool.on('error', (error) => logger.debug({ err: error }, 'idle ledger connection lost'));
  return pool;
}
