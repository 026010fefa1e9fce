import { loadConfig } from '#libs/config';
import { dataSourceOptions, openDataSource } from '#libs/persistence';
import { onDatabase, SERVER_VARIABLE, TEMPLATE } from './database.js';
import { query, startDatabaseServer } from './database-server.js';

/** Vitest's global setup: one PostgreSQL for the run, with a database of today's schema to copy. */
export default async function startRunDatabase(): Promise<() => Promise<void>> {
  const server = await startDatabaseServer();
  await query(server.url, `CREATE DATABASE ${TEMPLATE}`);
  const config = loadConfig({ DATABASE_URL: onDatabase(server.url, TEMPLATE) });
  await (await openDataSource(dataSourceOptions(config, 'template', () => undefined))).destroy();
  // Nobody can be copied from while somebody, autovacuum included, is connected.
  await query(server.url, `ALTER DATABASE ${TEMPLATE} WITH ALLOW_CONNECTIONS false`);
  process.env[SERVER_VARIABLE] = server.url;
  return () => server.stop();
}
