import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, parse } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterPlace } from './cluster-home.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { errorCode, errorText } from './process-identity.js';

export const ROLE = 'exai';
const PASSWORD_FILE = '.pg-password';

/** Working directory, environment and user for a program of PostgreSQL's; nothing is inherited from our own. */
export function childOptions(place: ClusterPlace): SpawnOptions & { cwd: string; env: NodeJS.ProcessEnv } {
  return {
    // Our own working directory may be closed to the server's user.
    cwd: parse(place.home).root,
    env: {
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(process.platform === 'win32' ? {} : { PATH: '/usr/bin:/bin' }),
    },
    ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
  };
}

export function findPassword(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim() || undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Error(
      `Cannot read ${join(dataDir, PASSWORD_FILE)} (${errorCode(error)}); start as the user who owns it, or set EXAI_DATA_DIR to another directory.`,
      { cause: error },
    );
  }
}

export function generatePassword(): string {
  return randomBytes(24).toString('hex');
}

/** The file appears complete or not at all, and survives a power failure right after. */
export function savePassword(dataDir: string, password: string): void {
  const path = join(dataDir, PASSWORD_FILE);
  const incoming = `${path}.${randomUUID()}`;
  const file = openSync(incoming, 'wx', 0o600);
  try {
    writeFileSync(file, `${password}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(incoming, path);
}

/** Whether a cluster exists; one of another major version, or one we may not look into, is an error. */
export function hasCluster({ cluster }: ClusterPlace, major: string): boolean {
  let version: string;
  try {
    version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw new Error(
      `Cannot look into ${cluster} (${errorText(error)}); set EXAI_DATA_DIR to another directory.`,
      {
        cause: error,
      },
    );
  }
  if (version === major) return true;
  throw new Error(
    `The database in ${cluster} was made by PostgreSQL ${version}, but PostgreSQL ${major} is installed; dump it with the old version and load it again, or set EXAI_DATA_DIR to another directory.`,
  );
}

/**
 * initdb writes PG_VERSION early, so it works beside the place and the result is moved in when complete.
 * A start that was killed leaves rubbish under a name of its own, never a half-made cluster.
 */
export async function initialiseCluster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  password: string,
  timeoutMs: number,
): Promise<void> {
  const work = join(place.home, `postgres.new-${randomUUID()}`);
  const data = join(work, 'data');
  const passwordFile = join(work, 'password');
  try {
    mkdirSync(work, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { flag: 'wx', mode: 0o600 });
    if (place.user) {
      for (const path of [passwordFile, work]) chownSync(path, place.user.uid, place.user.gid);
    }
    const options = ['-A', 'scram-sha-256', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'];
    await promisify(execFile)(
      binaries.initdb,
      ['-D', data, `--username=${ROLE}`, `--pwfile=${passwordFile}`, ...options],
      { ...childOptions(place), timeout: Math.max(timeoutMs, 1) },
    );
    rmSync(place.cluster, { recursive: true, force: true });
    renameSync(data, place.cluster);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    const reason = stderr?.trim().split('\n').slice(-5).join(' ') || errorText(error);
    throw new Error(
      `Cannot create the database in ${place.cluster}: ${reason}; check free space and permissions, or set DATABASE_URL.`,
      { cause: error },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes up for --no-sync in the background: fsync of a thousand files takes seconds on a slow disk. */
export function syncCluster(place: ClusterPlace, binaries: PostgresBinaries): void {
  const child = spawn(binaries.initdb, ['--sync-only', '-D', place.cluster], {
    ...childOptions(place),
    detached: true,
    stdio: 'ignore',
  });
  // Without it the cluster is as safe as the operating system's own write-back makes it.
  child.on('error', () => undefined);
  child.unref();
}
