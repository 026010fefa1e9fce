import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSharedDatabase, type TestDatabase } from './database.js';
import { removeDataDir } from './embedded-data.js';
import { MAIN, temporaryDirectory } from './paths.js';
import { freePort } from './ports.js';
import { ServerProcess, type LogLine, type SpawnOptions } from './server-process.js';
import { signToken, type TokenOptions, type TokenServer } from './tokens.js';

export { postmasterPid, removeDataDir } from './embedded-data.js';

export interface ServerOptions extends SpawnOptions {
  /** Another copy of the program. */
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A fresh directory if not given. */
  readonly dataDir?: string;
  /** The directory outlives `stop`; default: when it was given. */
  readonly keepDataDir?: boolean;
}

/** What all servers under test have in common. */
export interface Server {
  /** Everything written so far as JSON lines. */
  readonly logs: readonly LogLine[];
  /** Everything written so far, as text. */
  output(): string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  kill9(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

/** A server that MCP clients connect to. */
export interface Gateway extends Server, TokenServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `ws://127.0.0.1:<port>/ws` */
  readonly wsUrl: string;
  /** The local token without options, else one signed with the server's own secret. */
  token(options?: TokenOptions): string;
}

export interface Worker extends Server {
  readonly workerUrl: string;
}

export interface Standalone extends Gateway, Worker {
  /** Pid of the worker that became ready last. */
  workerPid(): number;
}

/**
 * Gateway, worker and simulator in one go. With a `dataDir` of the test's own as a user would start them, their
 * PostgreSQL in that directory included; else on a database of the run's PostgreSQL, where there is one.
 */
export async function startStandalone(options: ServerOptions = {}): Promise<Standalone> {
  const [port, workerPort] = [await freePort(), await freePort()];
  const database = options.dataDir === undefined ? await openSharedDatabase() : undefined;
  const env = {
    PORT: String(port),
    EXAI_WORKER_PORT: String(workerPort),
    ...(database && { DATABASE_URL: database.url }),
  };
  const parts = { ...(await launch(MAIN.standalone, 'ready', env, options)), database };
  return {
    ...serverOf(parts),
    ...gatewayOf(parts, port),
    workerUrl: `http://127.0.0.1:${workerPort}`,
    workerPid: () => parts.process.logs.findLast(({ msg }) => msg === 'worker ready')?.pid ?? 0,
  };
}

/** A gateway alone; give it DATABASE_URL. */
export async function startGateway(options: ServerOptions = {}): Promise<Gateway> {
  const port = await freePort();
  const parts = await launch(MAIN.gateway, 'gateway ready', { PORT: String(port) }, options);
  return {
    ...serverOf(parts),
    ...gatewayOf(parts, port),
  };
}

/** A worker alone; give it DATABASE_URL. */
export async function startWorker(options: ServerOptions = {}): Promise<Worker> {
  const port = await freePort();
  const parts = await launch(MAIN.worker, 'worker ready', { EXAI_WORKER_PORT: String(port) }, options);
  return {
    ...serverOf(parts),
    workerUrl: `http://127.0.0.1:${port}`,
  };
}

/** Nothing of this machine's environment but what a program needs to be found. */
export function minimalEnvironment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', ...env };
}

interface Parts {
  readonly process: ServerProcess;
  readonly dataDir: string;
  readonly keep: boolean;
  readonly database?: TestDatabase | undefined;
}

async function launch(
  main: string,
  readyMessage: string,
  ports: Readonly<Record<string, string>>,
  options: ServerOptions,
): Promise<Parts> {
  const { env, dataDir = temporaryDirectory(), keepDataDir, script = main, ...spawnOptions } = options;
  const environment = minimalEnvironment({
    EXAI_DATA_DIR: dataDir,
    EXAI_LOG_FORMAT: 'json',
    ...ports,
    ...env,
  });
  const process = new ServerProcess(script, environment, { cwd: dataDir, ...spawnOptions });
  await process.waitForLog(({ msg }) => msg === readyMessage, readyMessage);
  return { process, dataDir, keep: keepDataDir ?? options.dataDir !== undefined };
}

function serverOf({ process, dataDir, keep, database }: Parts): Server {
  return {
    logs: process.logs,
    output: () => process.output,
    pid: process.pid,
    env: process.env,
    dataDir,
    exited: process.exited,
    signal: (signal) => process.signal(signal),
    kill9: () => process.kill9(),
    stop: async () => {
      const code = await process.stop();
      if (!keep) await removeDataDir(dataDir);
      await database?.close();
      return code;
    },
  };
}

function gatewayOf({ process, dataDir }: Parts, port: number): Omit<Gateway, keyof Server> {
  const url = `http://127.0.0.1:${port}`;
  const server = { dataDir, audience: process.env['EXAI_JWT_AUDIENCE'] ?? `${url}/mcp` };
  return {
    audience: server.audience,
    url,
    wsUrl: `ws://127.0.0.1:${port}/ws`,
    token: (options) =>
      options ? signToken(server, options) : readFileSync(join(dataDir, 'token'), 'utf8').trim(),
  };
}
