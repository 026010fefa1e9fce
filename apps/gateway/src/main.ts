import 'reflect-metadata';
import { runServerProcess } from '#libs/health';
import { findEmbeddedPostgres } from '#libs/persistence';
import { startGateway } from './gateway.js';

await runServerProcess('gateway', async (config, logger) => {
  const url = config.database.url ?? (await findEmbeddedPostgres(config.server.dataDir));
  const gateway = await startGateway(
    { ...config, database: { ...config.database, ...(url && { url }) } },
    logger,
    { embeddedDatabase: config.database.url === undefined, startedAt: Date.now() },
  );
  logger.info({ url: gateway.url }, 'gateway ready');
  return gateway;
});
