import { loadConfig, readEnvironment, type Config, type EnvironmentVariables } from '#libs/config';
import { exitCodeOf, toExaiError } from '#libs/errors';
import { createLogger, type Logger } from '#libs/observability';
import { setTimeout as delay } from 'node:timers/promises';

/** Beyond the drain limit, for closing connections and child processes. */
const CLOSE_MS = 15_000;
/** After an error that nobody caught, this long to answer what can be answered. */
const LAST_WORDS_MS = 2_000;

export interface RunningServer {
  /** Finishes or hands over what runs, then closes everything. */
  close(): Promise<void>;
}

export type StartServer = (config: Config, logger: Logger) => Promise<RunningServer>;

/**
 * The life of a server process: configuration, start, signals, end. A failed start prints one sentence and leaves
 * with the exit code of its error; SIGTERM and SIGINT stop gracefully, a second one at once.
 */
export async function runServerProcess(
  name: string,
  start: StartServer,
  environment: EnvironmentVariables = readEnvironment(),
): Promise<void> {
  let logger: Logger | undefined;
  try {
    const config = loadConfig(environment);
    logger = await createLogger(config, name);
    for (const warning of config.warnings) logger.warn(warning);
    const starting = start(config, logger);
    // Before the start is done, so that a signal meanwhile still closes what was opened.
    stopOnSignals(starting, logger, config.server.drainTimeoutMs + CLOSE_MS);
    await starting;
  } catch (thrown) {
    fail(thrown, logger);
  }
}

function stopOnSignals(starting: Promise<RunningServer>, logger: Logger, limitMs: number): void {
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) process.exit(code || 130);
    stopping = true;
    const late = setTimeout(() => {
      logger.error({ limitMs }, 'the shutdown took too long; what was accepted stays in the ledger');
      process.exit(1);
    }, limitMs);
    try {
      await (await starting).close();
    } catch (error) {
      logger.error({ err: error }, 'the shutdown failed');
      process.exit(1);
    }
    clearTimeout(late);
    process.exit(code);
  };
  const lastWords = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error, kind }, 'an error that nobody caught ends this process');
    void Promise.race([stop(1), delay(LAST_WORDS_MS)]).finally(() => process.exit(1));
  };
  process.on('SIGTERM', () => void stop(0));
  process.on('SIGINT', () => void stop(0));
  process.on('uncaughtException', lastWords('uncaughtException'));
  process.on('unhandledRejection', lastWords('unhandledRejection'));
  // A parent that died without a word; its pipe closes.
  if (process.connected) process.on('disconnect', () => void stop(0));
}

function fail(thrown: unknown, logger: Logger | undefined): never {
  const error = toExaiError(thrown);
  const hint = error.entry.hint(error.details);
  process.stderr.write(`${error.code}: ${error.message} ${hint}\n`);
  if (error.code === 'INTERNAL') {
    if (logger) logger.error({ err: thrown });
    else console.error(thrown);
  }
  process.exit(exitCodeOf(error));
}
