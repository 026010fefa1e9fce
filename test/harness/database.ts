import { startEmbeddedPostgres } from '#libs/persistence';
import { randomBytes } from 'node:crypto';
import { query } from './database-server.js';
import { temporaryDirectory } from './paths.js';
import { postmasterPid, removeDataDir } from './embedded-data.js';
import { eventually, isAlive } from './eventually.js';

/** Where the PostgreSQL of this run listens; absent outside of `vitest run`, as in the benches. */
export const SERVER_VARIABLE = 'VITEST_DATABASE_SERVER';
/** A database whose schema is up to date, to be copied. */
export const TEMPLATE = 'exai_template';

/** A database of one's own. */
export interface TestDatabase {
  readonly url: string;
  /** Stops its server; only when it was opened with `ownServer`. */
  stopServer(): Promise<void>;
  /** As a crash would. */
  killServer(): Promise<void>;
  /** At the same address as before. */
  startServer(): Promise<void>;
  /** Ends whoever is still connected, and removes it. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** A PostgreSQL for it alone, which may be stopped without hurting anybody; it starts without any table. */
  readonly ownServer?: boolean;
}

/** On the PostgreSQL of the run with the schema in place, else on one of its own. */
export async function openDatabase({ ownServer = false }: DatabaseOptions = {}): Promise<TestDatabase> {
  return (ownServer ? undefined : await openSharedDatabase()) ?? openServer();
}

/** A database on the PostgreSQL of the run; undefined where there is none. */
export async function openSharedDatabase(): Promise<TestDatabase | undefined> {
  const server = process.env[SERVER_VARIABLE];
  return server === undefined ? undefined : copyTemplate(server);
}

async function copyTemplate(server: string): Promise<TestDatabase> {
  const name = `exai_${randomBytes(8).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const refuse = () => Promise.reject(new Error('Others use this server; open the database with ownServer.'));
  return {
    url: onDatabase(server, name),
    stopServer: refuse,
    killServer: refuse,
    startServer: refuse,
    close: async () => {
      await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function openServer(): Promise<TestDatabase> {
  const dataDir = temporaryDirectory();
  let postgres = await startEmbeddedPostgres({ dataDir });
  const { url, port } = postgres;
  return {
    url,
    stopServer: () => postgres.stop(),
    killServer: async () => {
      const pid = postmasterPid(dataDir);
      if (pid === undefined) throw new Error('No PostgreSQL runs.');
      process.kill(pid, 'SIGKILL');
      await eventually(() => !isAlive(pid), 'PostgreSQL is dead');
    },
    startServer: async () => {
      postgres = await startEmbeddedPostgres({ dataDir, port });
    },
    close: async () => {
      await postgres.stop();
      await removeDataDir(dataDir);
    },
  };
}

/** The same server's other database. */
export function onDatabase(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}
