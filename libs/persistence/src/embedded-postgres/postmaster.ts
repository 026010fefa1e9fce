import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childOptions } from './cluster-init.js';
import type { ClusterPlace } from './cluster-home.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { errorCode, errorText, isAlive, parseIdentity, type ProcessIdentity } from './process-identity.js';

const POLL_MS = 25;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // A committed ledger row is the promise given to the caller.
  synchronous_commit: 'on',
  fsync: 'on',
  shared_buffers: '64MB',
  max_connections: '100',
  jit: 'off',
  random_page_cost: '1.1',
  // Nobody replicates from here: less log to write, fewer processes to start.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  checkpoint_timeout: '15min',
  // The queue's table lives through thousands of short rows a minute; left alone for the default minute it slows.
  autovacuum_naptime: '10s',
  max_wal_size: '512MB',
  io_method: 'sync',
  // Parallel queries need /dev/shm, of which a container has 64 MB, and pay off only on large tables.
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  log_checkpoints: 'off',
  // Statements and the details of errors hold arguments of calls, which belong into no log.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_line_prefix: '%m [%p] ',
};

export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
}

/** What `postmaster.pid` says; the file of a standalone backend (negative pid) is PostgreSQL's own affair. */
export function readPostmasterFile(cluster: string): PostmasterFile | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return parseIdentity({ pid }) && Number.isInteger(port) && port > 0 ? { pid, port } : undefined;
}

/** Whether a living process is the postmaster of this cluster and not a stranger with a recycled pid. */
export async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive({ pid })) return false;
  if (process.platform === 'win32') return false;
  if (process.platform === 'linux') {
    try {
      // Not /proc/<pid>/cwd: in a container even root may not read that of another user's process.
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0-D\0${cluster}\0`);
    } catch {
      return false;
    }
  }
  const { stdout } = await promisify(execFile)('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(
    () => ({ stdout: '' }),
  );
  return stdout.includes(` -D ${cluster} `);
}

/**
 * Makes PostgreSQL take `postmaster.pid` for stale although the pid in it lives again. The file is not removed:
 * its last lines let the server find out whether a backend of its predecessor still writes to the cluster.
 */
export function disownPostmasterFile(cluster: string): void {
  const path = join(cluster, 'postmaster.pid');
  try {
    if (process.platform === 'win32') unlinkSync(path);
    // PostgreSQL ignores a lock file with the pid of its own parent.
    else writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(process.pid)), { flag: 'r+' });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

export interface SpawnedPostmaster {
  readonly pid: number | undefined;
  /** Why it ended, once it has. */
  exit(): string | undefined;
  readonly exited: Promise<void>;
  /** What it has logged since it was started. */
  logTail(): string;
}

export function spawnPostmaster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  port: number,
  logFile: string,
): SpawnedPostmaster {
  const log = openLog(logFile);
  const offset = statSync(logFile).size;
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(binaries.postgres, ['-D', place.cluster, '-p', String(port), ...settings], {
    ...childOptions(place),
    // Ctrl-C in our terminal must not reach the server before we have drained.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let exit: string | undefined;
  const exited = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      exit ??= reason;
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`it ended with ${signal ?? `code ${code}`}`));
  });
  return {
    pid: child.pid,
    exit: () => exit,
    exited,
    logTail: () =>
      readFileSync(logFile).subarray(offset).toString('utf8').trim().split('\n').slice(-8).join('\n'),
  };
}

function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  // As root, do not follow a link somebody else may have laid.
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
  return openSync(path, O_APPEND | O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0), 0o600);
}

/** Fast shutdown, then immediate; resolves when the process is gone. */
export async function stopPostmaster(postmaster: ProcessIdentity): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(postmaster)) return;
    try {
      process.kill(postmaster.pid, signal);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return;
      throw new Error(`Cannot stop PostgreSQL (pid ${postmaster.pid}): ${errorText(error)}.`, {
        cause: error,
      });
    }
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      await sleep(POLL_MS / 2);
      if (!isAlive(postmaster)) return;
    }
  }
  throw new Error(`PostgreSQL (pid ${postmaster.pid}) does not end; stop it by hand.`);
}
