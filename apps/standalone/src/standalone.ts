import { startGateway, type Gateway } from '../../gateway/src/gateway.js';
import { startSimulator, type Simulator } from '../../simulator/src/server.js';
import { loadConfig, type Config, type EnvironmentVariables } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { type RunningServer } from '#libs/health';
import { type Logger } from '#libs/observability';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#libs/persistence';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, isOurGateway, isTaken, listenerOf } from './port-holder.js';
import { readyBox, readyLine } from './ready-box.js';
import { WorkerProcess } from './worker-process.js';

/** How long another instance that is just starting gets to answer. */
const OTHER_STARTS_MS = 8_000;

export interface StandaloneOptions {
  readonly environment: EnvironmentVariables;
  /** Stop by itself when nobody was connected and no call ran for this long. */
  readonly exitWhenIdleMs?: number;
}

/**
 * Everything in one go: PostgreSQL unless one is configured, simulator while no provider has a key, gateway in
 * this process, worker in a child.
 */
export async function startStandalone(
  config: Config,
  logger: Logger,
  options: StandaloneOptions,
): Promise<RunningServer> {
  const startedAt = Date.now() - process.uptime() * 1_000;
  await refuseTakenPort(config);
  const opened: RunningServer[] = [];
  const closeAll = async () => {
    for (const part of opened.reverse()) await part.close();
  };
  try {
    const database = await openDatabase(config, logger);
    if (database) opened.push({ close: () => database.stop() });
    if (database?.otherOwner !== undefined) await yieldToOther(config, database.otherOwner);
    const simulator = await openSimulator(config, options.environment);
    if (simulator) opened.push(simulator);
    const environment: EnvironmentVariables = {
      ...options.environment,
      ...(database && { DATABASE_URL: database.url }),
      ...(simulator && { SIMULATOR_BASE_URL: simulator.baseUrl }),
      EXAI_WORKER_PORT: String(await workerPort(config, options.environment)),
    };
    const effective = loadConfig(environment);
    const worker = new WorkerProcess(environment, effective.server.drainTimeoutMs, logger);
    opened.push({ close: () => worker.stop() });
    // Both load at once; the gateway, last opened and first closed, drains while the worker still works.
    const starting = startGateway(effective, logger, { startedAt, embeddedDatabase: database !== undefined });
    const opening = starting.then((gateway) => opened.push(gateway));
    const [gateway] = await Promise.all([starting, worker.start(), opening]);
    announce(effective, gateway, database !== undefined, (Date.now() - startedAt) / 1_000, logger);
    if (options.exitWhenIdleMs !== undefined) exitWhenIdle(gateway, options.exitWhenIdleMs);
    return { close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function refuseTakenPort(config: Config): Promise<void> {
  const { host, port } = config.server;
  if (!(await isTaken(host, port))) return;
  const url = `http://${host}:${port}`;
  if (await isOurGateway(url)) alreadyRuns(url);
  const holder = listenerOf(port);
  throw new ExaiError('LISTEN_FAILED', { host, port, variable: 'PORT', ...(holder && { holder }) });
}

/** Another instance started on this data directory first: two would stop the database under each other. */
async function yieldToOther(config: Config, pid: number): Promise<never> {
  const { host, port, dataDir } = config.server;
  const url = `http://${host}:${port}`;
  for (const giveUpAt = Date.now() + OTHER_STARTS_MS; Date.now() < giveUpAt; await delay(200)) {
    if (await isOurGateway(url)) alreadyRuns(url);
  }
  throw new ExaiError('CONFIG_INVALID', {
    variable: 'EXAI_DATA_DIR',
    reason: `The data directory ${dataDir} is in use by process ${pid}. Stop it, or set EXAI_DATA_DIR to another directory.`,
  });
}

function alreadyRuns(url: string): never {
  process.stderr.write(`EX-AI MCP Server already runs at ${url}; nothing to start.\n`);
  process.exit(0);
}

async function openDatabase(config: Config, logger: Logger): Promise<EmbeddedPostgres | undefined> {
  if (config.database.url !== undefined) return undefined;
  try {
    return await startEmbeddedPostgres({
      dataDir: config.server.dataDir,
      log: (message) => logger.debug(message),
    });
  } catch (error) {
    throw new ExaiError(
      'STORE_UNAVAILABLE',
      { reason: error instanceof Error ? error.message : String(error) },
      { cause: error },
    );
  }
}

/** While no provider has a key; never when its address was given. */
async function openSimulator(
  config: Config,
  environment: EnvironmentVariables,
): Promise<Simulator | undefined> {
  const { simulator, settings } = config.providers;
  const hasKey = Object.entries(settings).some(([id, { apiKey }]) => id !== 'simulator' && apiKey);
  const wanted = simulator === 'on' || (simulator === 'auto' && !hasKey);
  if (!wanted || environment['SIMULATOR_BASE_URL'] || config.server.environment === 'production') {
    return undefined;
  }
  return startSimulator({ port: 0 });
}

/** The configured port, or, when nobody asked for it and it is taken, any free one. */
async function workerPort(config: Config, environment: EnvironmentVariables): Promise<number> {
  const { host, workerPort: port } = config.server;
  const isDefault = !environment['EXAI_WORKER_PORT'];
  return isDefault && (await isTaken(host, port)) ? freePort(host) : port;
}

function announce(
  config: Config,
  gateway: Gateway,
  embeddedDatabase: boolean,
  seconds: number,
  logger: Logger,
) {
  const facts = {
    config,
    url: gateway.url,
    embeddedDatabase,
    catalog: gateway.catalog,
    providers: gateway.providers,
    seconds,
  };
  if (process.stderr.isTTY) process.stderr.write(`\n${readyBox(facts)}\n`);
  else logger.info(readyLine(facts), 'ready');
}

function exitWhenIdle(gateway: Gateway, idleMs: number): void {
  let busyAt = Date.now();
  const timer = setInterval(() => {
    if (gateway.activity() > 0) busyAt = Date.now();
    if (Date.now() - busyAt <= idleMs) return;
    // Once: a second signal would end the process in the middle of its shutdown.
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 1_000).unref();
}
