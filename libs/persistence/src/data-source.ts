import { setTimeout as delay } from 'node:timers/promises';
import { type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { MIGRATIONS } from './migrations/index.js';

/** Any constant will do; it must be the same in every process of every version. */
const MIGRATION_LOCK = 0x45584149;
const CONNECT_PATIENCE_MS = 15_000;

export type OnPoolError = (error: unknown) => void;

/** @throws ExaiError CONFIG_INVALID when no database address is known. */
export function dataSourceOptions(
  config: Config,
  processName: string,
  onPoolError: OnPoolError,
): DataSourceOptions {
  const { url, poolSize } = config.database;
  if (url === undefined) {
    throw new ExaiError('CONFIG_INVALID', {
      variable: 'DATABASE_URL',
      reason:
        'DATABASE_URL is not set and no PostgreSQL runs for this data directory. ' +
        'Set it, or start everything at once with `npm start`.',
    });
  }
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: `exai-${processName}`,
    connectTimeoutMS: 2_000,
    // A statement that waits longer than this means the database is gone; the caller gets a clear error.
    extra: { query_timeout: 10_000, keepAlive: true },
    poolErrorHandler: onPoolError,
    migrations: [...MIGRATIONS],
    migrationsTableName: 'schema_version',
    migrationsTransactionMode: 'all',
    synchronize: false,
    logging: false,
  };
}

/** Connects (a database that is still starting gets 15 s) and brings the schema up to date. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource(options);
  await connectPatiently(dataSource);
  try {
    await migrate(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function connectPatiently(dataSource: DataSource): Promise<void> {
  const giveUpAt = Date.now() + CONNECT_PATIENCE_MS;
  for (;;) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      if (Date.now() > giveUpAt || isRefusal(error)) {
        throw new ExaiError(
          'STORE_UNAVAILABLE',
          { reason: error instanceof Error ? error.message : 'no connection' },
          { cause: error },
        );
      }
      await delay(200);
    }
  }
}

/** Wrong password, unknown database: waiting will not help. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === '28P01' || code === '28000' || code === '3D000';
}

async function migrate(dataSource: DataSource): Promise<void> {
  const { url } = dataSource.options as { url: string };
  // A connection of its own: the lock must not wait for a pool of one that the migrations need.
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseNewerSchema(client);
    await dataSource.runMigrations();
  } finally {
    await client.end();
  }
}

async function refuseNewerSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    `SELECT to_regclass('schema_version') IS NOT NULL AS present`,
  );
  if (rows[0]?.present !== true) return;
  const { rows: ahead } = await client.query<{ name: string }>(
    'SELECT name FROM schema_version WHERE "timestamp" > $1 ORDER BY "timestamp" DESC LIMIT 1',
    [SCHEMA_VERSION],
  );
  if (ahead[0]) {
    throw new ExaiError('CONFIG_INVALID', {
      variable: 'DATABASE_URL',
      reason: `The database schema is newer than this program (${ahead[0].name}). Start the newer version; nothing was written.`,
    });
  }
}

/** Number of the newest migration: after a start the database is at this version. */
export const SCHEMA_VERSION = Math.max(...MIGRATIONS.map(timestampOf));

function timestampOf(migration: { name: string }): number {
  return Number(migration.name.slice(-13));
}
