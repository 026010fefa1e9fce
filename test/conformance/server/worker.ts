import 'reflect-metadata';
import { startWorker } from '../../../apps/worker/src/worker.js';
import { runServerProcess } from '#libs/health';
import { FIXTURE } from '../fixture/extension.js';

await runServerProcess('worker', async (config, logger) => {
  const worker = await startWorker(config, logger, FIXTURE);
  process.send?.('ready');
  return worker;
});
