import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, identify, isAlive, parseIdentity } from './process-identity.js';

const POLL_MS = 25;
/** Between creating the file and filling it lie microseconds; an empty file older than this was left by a crash. */
const UNREADABLE_IS_STALE_MS = 5_000;

const heldHere = new Set<string>();

/** Runs `action` while no other process runs one under the same lock file. A lock of a dead process is taken over. */
export async function withStartLock<T>(path: string, deadline: number, action: () => Promise<T>): Promise<T> {
  const content = JSON.stringify({ ...identify(), token: randomUUID() });
  while (!tryCreate(path, content)) {
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (holder.stale) {
      removeStale(path, holder.text);
      continue;
    }
    if (Date.now() >= deadline) {
      throw new Error(
        `Another process (pid ${holder.pid ?? 'unknown'}) has been starting the embedded PostgreSQL for too long and holds ${path}; stop that process, or use another EXAI_DATA_DIR.`,
      );
    }
    await sleep(POLL_MS);
  }
  heldHere.add(path);
  try {
    return await action();
  } finally {
    heldHere.delete(path);
    if (readText(path) === content) unlinkSync(path);
  }
}

function tryCreate(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw new Error(
      `Cannot write ${path} (${errorCode(error)}); set EXAI_DATA_DIR to a directory you may write to.`,
      { cause: error },
    );
  }
}

interface Holder {
  readonly text: string;
  readonly pid?: number;
  readonly stale: boolean;
}

function readHolder(path: string): Holder | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const identity = parseIdentity(parseJson(text));
  if (identity === undefined) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    return { text, stale: age > UNREADABLE_IS_STALE_MS };
  }
  // Without /proc our own pid in the file may be that of an earlier process: then nobody here holds it.
  const recycledToUs = identity.pid === process.pid && identity.started === undefined && !heldHere.has(path);
  return { text, pid: identity.pid, stale: recycledToUs || !isAlive(identity) };
}

/**
 * Unlinking by name could hit a lock somebody created after we looked, so the file is moved aside first and,
 * if it is not the stale one, put back.
 */
function removeStale(path: string, staleText: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (readText(aside) !== staleText) linkSync(aside, path);
  } catch {
    // Somebody took the lock meanwhile; PostgreSQL's own interlock on the data directory remains.
  } finally {
    unlinkSync(aside);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
