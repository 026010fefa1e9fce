import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import pg from 'pg';
import { ROLE } from './cluster-init.js';
import { errorCode } from './process-identity.js';

export const DATABASE = 'exai';
const HOST = '127.0.0.1';
const PROBE_TIMEOUT_MS = 2_000;

/** `starting` also covers a server that is shutting down; `foreign` is a server of another cluster. */
export type ProbeAnswer = 'ready' | 'database-missing' | 'starting' | 'denied' | 'foreign' | 'unreachable';

export function urlOf(port: number, password: string): string {
  return `postgres://${ROLE}:${encodeURIComponent(password)}@${HOST}:${port}/${DATABASE}`;
}

/** Asks the server at `port` whether it takes our password, serves `cluster` and has our database. */
export async function probe(port: number, password: string, cluster: string): Promise<ProbeAnswer> {
  try {
    const { rows } = await query<{ directory: string; present: boolean }>(
      port,
      password,
      `select current_setting('data_directory') as directory,
              exists(select 1 from pg_database where datname = '${DATABASE}') as present`,
    );
    const row = rows[0];
    if (row === undefined || realpathSync(row.directory) !== cluster) return 'foreign';
    return row.present ? 'ready' : 'database-missing';
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === '28P01' || code === '28000') return 'denied';
    // 57P03 cannot connect now, 57P01 and 57P02 shutting down, 53300 too many connections
    if (['57P01', '57P02', '57P03', '53300'].includes(code)) return 'starting';
    return 'unreachable';
  }
}

export async function createDatabase(port: number, password: string): Promise<void> {
  try {
    await query(port, password, `create database ${DATABASE} owner ${ROLE}`, 30_000);
  } catch (error) {
    // 42P04 duplicate database
    if (errorCode(error) !== '42P04') throw error;
  }
}

async function query<Row extends pg.QueryResultRow>(
  port: number,
  password: string,
  text: string,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<pg.QueryResult<Row>> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: ROLE,
    password,
    // Not `exai`: it may be missing. Not `template1`: a session in it blocks CREATE DATABASE.
    database: 'postgres',
    // Otherwise PGSSLMODE of the environment decides.
    ssl: false,
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
    query_timeout: timeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query<Row>(text);
  } finally {
    // Not awaited: after a failed connect pg may wait for an `end` event that has already passed.
    void client.end().catch(() => undefined);
  }
}

/** `preferred` if nobody listens there, else a port the system chooses. */
export async function findFreePort(preferred: number | undefined): Promise<number> {
  return (preferred === undefined ? undefined : await listenOnce(preferred)) ?? (await listenOnce(0)) ?? 0;
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
