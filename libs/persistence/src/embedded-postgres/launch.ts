import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterPlace } from './cluster-home.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import {
  readPostmasterFile,
  spawnPostmaster,
  stopPostmaster,
  type PostmasterFile,
  type SpawnedPostmaster,
} from './postmaster.js';
import { createDatabase, findFreePort, probe } from './probe.js';
import { identify } from './process-identity.js';

const POLL_MS = 25;
const MAX_PORT_TRIES = 3;
/** How long backends of a killed postmaster get to notice that it is gone. */
const ORPHANS_LIMIT_MS = 10_000;

/** What PostgreSQL says while a killed postmaster, or one of its backends, has not quite gone. */
const STILL_DYING = /shared memory block .* still in use|lock file "postmaster.pid" already exists/;

export interface Launch {
  readonly place: ClusterPlace;
  readonly binaries: PostgresBinaries;
  readonly password: string;
  readonly logFile: string;
  readonly deadline: number;
}

/** Spawns a postmaster and returns when it takes queries and has the database. */
export async function launchPostmaster(
  launch: Launch,
  ports: { readonly fixed: number | undefined; readonly preferred: number | undefined },
  onSpawn: (port: number) => void,
): Promise<PostmasterFile> {
  const orphansUntil = Date.now() + ORPHANS_LIMIT_MS;
  for (let portTry = 1; ;) {
    const port = ports.fixed ?? (await findFreePort(portTry === 1 ? ports.preferred : undefined));
    const server = spawnPostmaster(launch.place, launch.binaries, port, launch.logFile);
    onSpawn(port);
    const pid = await waitUntilReady(server, port, launch);
    if (pid !== undefined) return { pid, port };
    const tail = server.logTail();
    if (STILL_DYING.test(tail) && Date.now() < orphansUntil) {
      await sleep(4 * POLL_MS);
      continue;
    }
    if (/Address already in use/.test(tail)) {
      if (ports.fixed !== undefined) {
        throw new Error(
          `PostgreSQL cannot listen on port ${port} of 127.0.0.1 because another program does; stop that program or choose another port.`,
        );
      }
      if (portTry++ < MAX_PORT_TRIES) continue;
    }
    throw new Error(
      `PostgreSQL did not start (${server.exit() ?? 'no reason known'}); see ${launch.logFile}, or set DATABASE_URL.${tail === '' ? '' : `\n${tail}`}`,
    );
  }
}

/** The pid once the server is ready, or undefined if it ended before. */
async function waitUntilReady(
  server: SpawnedPostmaster,
  port: number,
  launch: Launch,
): Promise<number | undefined> {
  const { place, password, deadline } = launch;
  for (;;) {
    await sleep(POLL_MS);
    if (server.pid === undefined || server.exit() !== undefined) return undefined;
    const answer = await Promise.race([probe(port, password, place.cluster), server.exited]);
    if (answer === 'ready') return server.pid;
    if (answer === 'database-missing') {
      try {
        await createDatabase(port, password);
        return server.pid;
      } catch (error) {
        await stopPostmaster(identify(server.pid));
        throw error;
      }
    }
    // Until it has written its pid, somebody else may be answering at that port.
    if (answer === 'denied' && readPostmasterFile(place.cluster)?.pid === server.pid) {
      await stopPostmaster(identify(server.pid));
      throw new Error(
        `The password in .pg-password does not fit the database in ${place.cluster}; put the right file back, or move the database away to start with an empty one.`,
      );
    }
    if (Date.now() >= deadline)
      throw new Error(await describeTimeout(server.pid, answer === 'starting', launch));
  }
}

async function describeTimeout(pid: number, recovering: boolean, { logFile }: Launch): Promise<string> {
  if (recovering) {
    // Stopping it would throw away the progress, and the next start would be no better off.
    return `PostgreSQL (pid ${pid}) is still recovering after a crash and goes on doing so; start again in a minute, or see ${logFile}.`;
  }
  await stopPostmaster(identify(pid));
  return `PostgreSQL did not become ready in time; see ${logFile}, or set DATABASE_URL.`;
}
