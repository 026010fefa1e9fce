import 'reflect-metadata';
import { startWorker } from '../../../apps/worker/src/worker.js';
import { runServerProcess } from '#libs/health';
import { FIXTURE } from '../../conformance/fixture/extension.js';

await runServerProcess('worker', async (config, logger) => {
  const worker = await startWorker(config, logger, FIXTURE);
  logger.info('worker ready');
  return worker;
});
