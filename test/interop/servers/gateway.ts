import 'reflect-metadata';
import { startGateway } from '../../../apps/gateway/src/gateway.js';
import { runServerProcess } from '#libs/health';
import { FIXTURE } from '../../conformance/fixture/extension.js';

/** The product's gateway, with what the product has no tool for: asking the client's model, changing a list. */
await runServerProcess('gateway', async (config, logger) => {
  const facts = { embeddedDatabase: false, startedAt: Date.now() };
  const gateway = await startGateway(config, logger, facts, FIXTURE);
  logger.info({ url: gateway.url }, 'gateway ready');
  return gateway;
});
