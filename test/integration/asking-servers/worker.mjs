import 'reflect-metadata';
import { runServerProcess } from '#libs/health';
import { startWorker } from '../../../dist/apps/worker/src/worker.js';
import { extension } from './extension.mjs';

await runServerProcess('worker', async (config, logger) => {
  const worker = await startWorker(config, logger, extension);
  logger.info('worker ready');
  return worker;
});
