import { startEmbeddedPostgres } from '#libs/persistence';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from '../harness/eventually.js';
import { temporaryDirectory } from '../harness/paths.js';
import { freePort } from '../harness/ports.js';
import { backends } from '../harness/redis.js';
import { postmasterPid, removeDataDir } from '../harness/standalone.js';
import { endOnInterrupt } from './interrupts.js';
import { cpuSecondsOf, childNamed } from './processes.js';
import { MAIN, Program, tokenIn } from './program.js';

export type BackendName = 'redis' | 'postgresql';

/** PostgreSQL and, where there is one, Redis: what all deployments of a run share. */
export interface Stores {
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly directory: string;
  readonly backends: readonly BackendName[];
  readonly pids: readonly number[];
  close(): Promise<void>;
}

export async function openStores(): Promise<Stores> {
  const directory = temporaryDirectory();
  const postgres = await startEmbeddedPostgres({ dataDir: directory });
  const redis = await backends()
    .find(({ name }) => name === 'redis')
    ?.open();
  const redisUrl = redis?.env['REDIS_URL'];
  const postmaster = postmasterPid(directory);
  const pids = [postmaster, redis && childNamed('redis-server')].filter((pid) => pid !== undefined);
  const close = async (): Promise<void> => {
    await redis?.close();
    await postgres.stop();
    await removeDataDir(directory);
  };
  // PostgreSQL runs in a process group of its own and would outlive an interrupted run.
  endOnInterrupt(close);
  return {
    databaseUrl: postgres.url,
    redisUrl,
    directory,
    backends: redis ? ['redis', 'postgresql'] : ['postgresql'],
    pids,
    close,
  };
}

/** An empty database on the same server. */
export async function createDatabase({ databaseUrl }: Stores, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`CREATE DATABASE "${name}"`);
  await client.end();
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A gateway and a worker, processes of their own on one queue. */
export interface Deployment {
  readonly backend: BackendName;
  readonly httpUrl: string;
  readonly webSocketUrl: string;
  readonly token: string;
  readonly gateway: Program;
  readonly worker: Program;
  /** Processor seconds so far of gateway and worker, and of everything including the stores. */
  cpu(): { readonly processes: number; readonly all: number };
  close(): Promise<void>;
}

export async function startDeployment(
  stores: Stores,
  backend: BackendName,
  extra: Readonly<Record<string, string>> = {},
): Promise<Deployment> {
  const dataDir = temporaryDirectory();
  const [port, workerPort] = [await freePort(), await freePort()];
  const env = {
    // A trusted client of ours: how fast the road is shall be seen, not the limit.
    EXAI_WS_MESSAGES_PER_SECOND: '0',
    PORT: String(port),
    EXAI_WORKER_PORT: String(workerPort),
    EXAI_DATA_DIR: dataDir,
    DATABASE_URL: await createDatabase(stores, `gateway_${backend}_${port}`),
    TOOL_PROFILE: 'full',
    ...(backend === 'redis' && stores.redisUrl !== undefined && { REDIS_URL: stores.redisUrl }),
    ...extra,
  };
  const start = (name: 'gateway' | 'worker') =>
    Program.start({
      args: [...profilerOf(name), MAIN[name]],
      env,
      cwd: dataDir,
      logFile: join(dataDir, `${name}.log`),
      readyMessage: `${name} ready`,
    });
  const [gateway, worker] = await Promise.all([start('gateway'), start('worker')]);
  await eventually(() => tokenIn(dataDir), 'the gateway writes its token');
  const pids = [gateway.pid, worker.pid];
  return {
    backend,
    httpUrl: `http://127.0.0.1:${port}/mcp`,
    webSocketUrl: `ws://127.0.0.1:${port}/ws`,
    token: tokenIn(dataDir),
    gateway,
    worker,
    cpu: () => ({ processes: cpuSecondsOf(pids), all: cpuSecondsOf([...pids, ...stores.pids]) }),
    close: async () => {
      await Promise.all([gateway.stop(), worker.stop()]);
      await removeDataDir(dataDir);
    },
  };
}

/** With BENCH_CPU_PROFILES=<directory>, gateway and worker write processor profiles there when they end. */
function profilerOf(name: string): string[] {
  const directory = process.env['BENCH_CPU_PROFILES'];
  if (directory === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`];
}
