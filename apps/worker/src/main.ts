import 'reflect-metadata';
import { runServerProcess } from '#libs/health';
import { findEmbeddedPostgres } from '#libs/persistence';
import { startWorker } from './worker.js';

await runServerProcess('worker', async (config, logger) => {
  const url = config.database.url ?? (await findEmbeddedPostgres(config.server.dataDir));
  const worker = await startWorker(
    { ...config, database: { ...config.database, ...(url && { url }) } },
    logger,
  );
  logger.info('worker ready');
  // To the process that started this one, if any.
  process.send?.('ready');
  return worker;
});
