import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, isAlive } from './eventually.js';

/** Ends the PostgreSQL that a killed standalone left running, and removes its data. */
export async function removeDataDir(dataDir: string): Promise<void> {
  const pid = postmasterPid(dataDir);
  if (pid !== undefined && isAlive(pid)) {
    process.kill(pid, 'SIGINT');
    await eventually(() => !isAlive(pid), 'PostgreSQL stops');
  }
  rmSync(dataDir, { recursive: true, force: true });
}

/** The embedded PostgreSQL of this data directory, when its file says that one runs. */
export function postmasterPid(dataDir: string): number | undefined {
  for (const home of [recordedHome(dataDir), dataDir]) {
    try {
      return Number(readFileSync(join(home ?? dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
    } catch {
      // Not there.
    }
  }
  return undefined;
}

function recordedHome(dataDir: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(dataDir, 'embedded-postgres.json'), 'utf8')) as { home?: string })
      .home;
  } catch {
    return undefined;
  }
}
