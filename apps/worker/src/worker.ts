import { type Config } from '#libs/config';
import { ToolCallProcessor } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { type RunningServer } from '#libs/health';
import { nestLogger, type Logger } from '#libs/observability';
import { ProviderRegistry } from '#libs/providers';
import { type ToolExtension } from '#libs/tools';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { WorkerModule } from './worker.module.js';

/**
 * Runs calls from the queue; its port serves health and metrics only.
 * @param extension tools beside the product's own; the gateway must get the same
 */
export async function startWorker(
  config: Config,
  logger: Logger,
  extension?: ToolExtension,
): Promise<RunningServer> {
  const app = await NestFactory.create<NestExpressApplication>(
    WorkerModule.forRoot(config, logger, extension),
    { bodyParser: false, logger: nestLogger(logger), abortOnError: false },
  );
  app.disable('x-powered-by');
  const { host, workerPort, drainTimeoutMs } = config.server;
  try {
    await app.listen(workerPort, host);
  } catch (error) {
    await app.close();
    throw new ExaiError(
      'LISTEN_FAILED',
      { host, port: workerPort, variable: 'EXAI_WORKER_PORT' },
      { cause: error },
    );
  }
  await app.get(ProviderRegistry).prepareClients();
  return {
    close: async () => {
      await app.get(ToolCallProcessor).drain(drainTimeoutMs);
      await app.close();
    },
  };
}
