import 'reflect-metadata';
import { runServerProcess } from '#libs/health';
import { startGateway } from '../../../dist/apps/gateway/src/gateway.js';
import { extension } from './extension.mjs';

await runServerProcess('gateway', async (config, logger) => {
  const facts = { embeddedDatabase: false, startedAt: Date.now() };
  const gateway = await startGateway(config, logger, facts, extension);
  logger.info({ url: gateway.url }, 'gateway ready');
  return gateway;
});
