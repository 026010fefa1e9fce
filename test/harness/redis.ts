import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';

/** A queue to run the suites on. */
export interface Backend {
  readonly name: 'postgresql' | 'redis';
  /** Its server is started for the test alone and may be stopped without hurting anybody. */
  readonly isPrivate: boolean;
  open(): Promise<OpenBackend>;
}

export interface OpenBackend {
  /** What the servers under test need to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Loses everything the queue holds, and nothing else. */
  loseEverything(databaseUrl: string): Promise<void>;
  /** Of a private server only: kills it; the function that it resolves with starts an empty one in its place. */
  readonly interrupt?: () => Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const POSTGRESQL: Backend = {
  name: 'postgresql',
  isPrivate: false,
  open: () => Promise.resolve({ env: {}, loseEverything: deleteJobs, close: () => Promise.resolve() }),
};

/** PostgreSQL always; Redis where there is a server to start or REDIS_URL names one. */
export function backends(): Backend[] {
  const program = findProgram('redis-server');
  if (program !== undefined) {
    return [POSTGRESQL, { name: 'redis', isPrivate: true, open: () => startRedis(program) }];
  }
  const url = process.env['REDIS_URL'];
  if (url !== undefined) {
    return [POSTGRESQL, { name: 'redis', isPrivate: false, open: () => useRedis(url) }];
  }
  console.log('No redis-server in PATH and no REDIS_URL: the queue is tested on PostgreSQL only.');
  return [POSTGRESQL];
}

function findProgram(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function startRedis(program: string): Promise<OpenBackend> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let stop = await launchRedis(program, port);
  return {
    env: { REDIS_URL: url },
    loseEverything: () => flush(url),
    interrupt: async () => {
      await stop();
      return async () => {
        stop = await launchRedis(program, port);
      };
    },
    close: () => stop(),
  };
}

/** Resolves when it listens, with the function that kills it. */
async function launchRedis(program: string, port: number): Promise<() => Promise<void>> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn(program, [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const stopWithUs = () => server.kill('SIGKILL');
  process.once('exit', stopWithUs);
  await eventually(() => accepts(port), 'redis-server listens');
  return async () => {
    process.off('exit', stopWithUs);
    server.kill('SIGKILL');
    await exited;
  };
}

/** Somebody else's server: each test process keeps to a database number of its own. */
function useRedis(base: string): Promise<OpenBackend> {
  const url = new URL(base);
  url.pathname = `/${process.env['VITEST_POOL_ID'] ?? '1'}`;
  return Promise.resolve({
    env: { REDIS_URL: url.href },
    loseEverything: () => flush(url.href),
    close: () => flush(url.href),
  });
}

async function deleteJobs(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('DELETE FROM bullmq.job');
  await client.end();
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
