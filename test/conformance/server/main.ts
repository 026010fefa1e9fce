import 'reflect-metadata';
import { startGateway } from '../../../apps/gateway/src/gateway.js';
import { startSimulator } from '../../../apps/simulator/src/server.js';
import { loadConfig, readEnvironment } from '#libs/config';
import { runServerProcess, type RunningServer } from '#libs/health';
import { startEmbeddedPostgres } from '#libs/persistence';
import { FIXTURE } from '../fixture/extension.js';
import { WorkerChild } from './worker-child.js';

/**
 * The whole product with the fixture registered: PostgreSQL unless one is configured, simulator, the worker as a
 * process of its own, the gateway in this one. Started with the environment of a gateway.
 */
const environment = readEnvironment();
await runServerProcess(
  'gateway',
  async (config, logger) => {
    const opened: RunningServer[] = [];
    const close = async () => {
      for (const part of opened.reverse()) await part.close();
    };
    try {
      const simulator = await startSimulator();
      opened.push(simulator);
      const database =
        config.database.url === undefined
          ? await startEmbeddedPostgres({ dataDir: config.server.dataDir })
          : undefined;
      if (database) opened.push({ close: () => database.stop() });
      const shared = {
        ...environment,
        SIMULATOR_BASE_URL: simulator.baseUrl,
        EXAI_SIMULATOR: 'on',
        ...(database && { DATABASE_URL: database.url }),
      };
      const facts = { startedAt: Date.now(), embeddedDatabase: database !== undefined };
      const gateway = await startGateway(loadConfig(shared), logger, facts, FIXTURE);
      opened.push(gateway);
      const worker = await WorkerChild.start(shared);
      // Closed after the gateway, which waits for its last answers.
      opened.splice(opened.indexOf(gateway), 0, worker);
      logger.info({ url: gateway.url }, 'conformance server ready');
      return { close };
    } catch (error) {
      await close();
      throw error;
    }
  },
  environment,
);
