import { startEmbeddedPostgres } from '#libs/persistence';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.js';
import { temporaryDirectory } from './paths.js';

/** For the servers of several suites at once, each of which holds some ten connections. */
const SETTINGS = ['-c', 'max_connections=600', '-c', 'fsync=off'];

export interface DatabaseServer {
  /** Of a database in which nobody works; its role may create others. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL with the product's own settings but these: it serves many databases at once, and it does not wait
 * for the disk, as it is thrown away after the run and nobody cuts its power.
 */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  const dataDir = temporaryDirectory();
  const embedded = await startEmbeddedPostgres({ dataDir });
  const [row] = await query<{ data_directory: string }>(embedded.url, 'SHOW data_directory');
  const cluster = row?.data_directory ?? '';
  await embedded.stop();

  const { uid, gid } = statSync(cluster);
  const { program, args } = lastStart(cluster);
  const server = spawn(program, [...args, ...SETTINGS], {
    cwd: cluster,
    stdio: 'ignore',
    ...(process.getuid?.() === 0 && { uid, gid }),
  });
  const exited = new Promise((resolve) => server.once('close', resolve));
  server.once('error', () => undefined);
  const stopWithUs = () => server.kill('SIGINT');
  process.once('exit', stopWithUs);
  await eventually(() => query(embedded.url, 'SELECT 1'), 'the PostgreSQL of the suites takes queries');
  return {
    url: embedded.url,
    stop: async () => {
      process.off('exit', stopWithUs);
      server.kill('SIGINT');
      await exited;
      for (const directory of [dirname(cluster), dataDir])
        rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One statement on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** PostgreSQL writes down itself how it was started. */
function lastStart(cluster: string): { program: string; args: string[] } {
  const line = readFileSync(join(cluster, 'postmaster.opts'), 'utf8');
  const [program = ''] = line.split(' "-D"', 1);
  return { program, args: [...line.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word) };
}
