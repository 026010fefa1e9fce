import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';

/** A queue to run the suites on. */
export interface Backend {
  readonly name: 'postgresql' | 'redis';
  open(): Promise<OpenBackend>;
}

export interface OpenBackend {
  /** What the servers under test need to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Loses everything the queue holds; on PostgreSQL the queue and the ledger are one database. */
  readonly flush?: () => Promise<void>;
  close(): Promise<void>;
}

const POSTGRESQL: Backend = {
  name: 'postgresql',
  open: () => Promise.resolve({ env: {}, close: () => Promise.resolve() }),
};

/** PostgreSQL always; Redis where there is a server to start or REDIS_URL names one. */
export function backends(): Backend[] {
  const program = findProgram('redis-server');
  if (program !== undefined) return [POSTGRESQL, { name: 'redis', open: () => startRedis(program) }];
  const url = process.env['REDIS_URL'];
  if (url !== undefined) return [POSTGRESQL, { name: 'redis', open: () => useRedis(url) }];
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
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn(program, [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const stopWithUs = () => server.kill('SIGKILL');
  process.once('exit', stopWithUs);
  await eventually(() => accepts(port), 'redis-server listens');
  const url = `redis://127.0.0.1:${port}`;
  return {
    env: { REDIS_URL: url },
    flush: () => flush(url),
    close: async () => {
      process.off('exit', stopWithUs);
      server.kill('SIGKILL');
      await exited;
    },
  };
}

/** Somebody else's server: each test process keeps to a database number of its own. */
function useRedis(base: string): Promise<OpenBackend> {
  const url = new URL(base);
  url.pathname = `/${process.env['VITEST_POOL_ID'] ?? '1'}`;
  return Promise.resolve({
    env: { REDIS_URL: url.href },
    flush: () => flush(url.href),
    close: () => flush(url.href),
  });
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
