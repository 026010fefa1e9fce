import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  choosePlace,
  findRecordedHome,
  prepareDataDir,
  readState,
  writeState,
  type ClusterPlace,
} from './embedded-postgres/cluster-home.js';
import {
  findPassword,
  generatePassword,
  hasCluster,
  initialiseCluster,
  savePassword,
  syncCluster,
} from './embedded-postgres/cluster-init.js';
import { launchPostmaster } from './embedded-postgres/launch.js';
import { getPostgresBinaries } from './embedded-postgres/postgres-binaries.js';
import {
  disownPostmasterFile,
  isPostmasterOf,
  readPostmasterFile,
  stopPostmaster,
  type PostmasterFile,
} from './embedded-postgres/postmaster.js';
import { createDatabase, probe, urlOf } from './embedded-postgres/probe.js';
import { identify, isAlive } from './embedded-postgres/process-identity.js';
import { withStartLock } from './embedded-postgres/start-lock.js';

const START_LIMIT_MS = 60_000;
const POLL_MS = 25;

export interface EmbeddedPostgresOptions {
  /** `EXAI_DATA_DIR`, absolute. */
  readonly dataDir: string;
  /** A free port if not given. A server that is already running keeps its own. */
  readonly port?: number;
  readonly log?: (message: string) => void;
}

export interface EmbeddedPostgres {
  /** `postgres://exai:<password>@127.0.0.1:<port>/exai` */
  readonly url: string;
  readonly port: number;
  /** The server was running already: its owner was killed, or still lives. */
  readonly reused: boolean;
  /** Another living process that owns the server; it must be left alone. */
  readonly otherOwner?: number;
  /** The cluster was created by this start. */
  readonly initialised: boolean;
  /** Stops the server, unless another living process owns it. */
  stop(): Promise<void>;
}

/** Starts the PostgreSQL of a data directory, or takes over the one a killed process left running. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const deadline = Date.now() + START_LIMIT_MS;
  const dataDir = prepareDataDir(options.dataDir);
  return withStartLock(join(dataDir, '.pg-start.lock'), deadline, () =>
    startUnderLock(dataDir, options, deadline),
  );
}

/**
 * Connection URL of a server that is already running for this data directory, or undefined.
 * For processes started by hand beside `npm start`.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  try {
    const real = realpathSync(dataDir);
    const password = findPassword(real);
    const cluster = realpathSync(join(findRecordedHome(real) ?? real, 'postgres'));
    const running = readPostmasterFile(cluster);
    if (password === undefined || running === undefined || !isAlive(running)) return undefined;
    const answer = await probe(running.port, password, cluster);
    return answer === 'ready' ? urlOf(running.port, password) : undefined;
  } catch {
    return undefined;
  }
}

async function startUnderLock(
  dataDir: string,
  options: EmbeddedPostgresOptions,
  deadline: number,
): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const knownPassword = findPassword(dataDir);
  const password = knownPassword ?? generatePassword();
  const place = choosePlace(dataDir, password);
  const previous = readState(dataDir);

  const running = await findRunning(place, password, deadline);
  if (running !== undefined) {
    log(
      `Using the embedded PostgreSQL that is already running on port ${running.port} (pid ${running.pid}).`,
    );
    // The process that started it may have been killed before it got here.
    if (running.databaseMissing) await createDatabase(running.port, password);
    const token = randomUUID();
    const ownerLives = previous?.owner !== undefined && isAlive(previous.owner);
    if (!ownerLives) recordOwner(dataDir, place, running.port, token);
    const server = handle(dataDir, running, password, token, { reused: true, initialised: false });
    return ownerLives ? { ...server, otherOwner: previous.owner.pid } : server;
  }

  const binaries = getPostgresBinaries(place.user);
  const initialised = !hasCluster(place, binaries.major);
  if (initialised) {
    log(`Creating the database in ${place.cluster}.`);
    if (knownPassword === undefined) savePassword(dataDir, password);
    // Recorded first: a cluster elsewhere must be found again however this start ends.
    writeState({ dataDir, home: place.home });
    await initialiseCluster(place, binaries, password, deadline - Date.now());
  } else if (knownPassword === undefined) {
    throw new Error(
      `The password file ${join(dataDir, '.pg-password')} is missing although there is a database in ${place.cluster}; put the file back, or move the database away to start with an empty one.`,
    );
  }
  const token = randomUUID();
  const postmaster = await launchPostmaster(
    { place, binaries, password, logFile: join(dataDir, 'postgres.log'), deadline },
    { fixed: options.port, preferred: previous?.port },
    (port) => recordOwner(dataDir, place, port, token),
  );
  if (initialised) syncCluster(place, binaries);
  log(`The embedded PostgreSQL is ready on port ${postmaster.port} (pid ${postmaster.pid}).`);
  return handle(dataDir, postmaster, password, token, { reused: false, initialised });
}

/** The living server of this cluster; waits for one that is just starting or shutting down. */
async function findRunning(
  { cluster }: ClusterPlace,
  password: string,
  deadline: number,
): Promise<(PostmasterFile & { databaseMissing: boolean }) | undefined> {
  for (;;) {
    const file = readPostmasterFile(cluster);
    // PostgreSQL itself removes the file of a dead postmaster when it starts.
    if (file === undefined || !isAlive(file)) return undefined;
    const answer = await probe(file.port, password, cluster);
    if (answer === 'ready' || answer === 'database-missing') {
      return { ...file, databaseMissing: answer === 'database-missing' };
    }
    if (!(await isPostmasterOf(file.pid, cluster))) {
      if (isAlive(file)) disownPostmasterFile(cluster);
      return undefined;
    }
    if (answer === 'denied' || Date.now() >= deadline) {
      const why = answer === 'denied' ? 'refuses the password in .pg-password' : 'does not answer';
      throw new Error(
        `A PostgreSQL (pid ${file.pid}) is running on ${cluster} but ${why}; stop it with kill -INT ${file.pid} and start again, or set DATABASE_URL.`,
      );
    }
    await sleep(POLL_MS);
  }
}

function recordOwner(dataDir: string, { home }: ClusterPlace, port: number, token: string): void {
  writeState({ dataDir, home, port, owner: { ...identify(), token } });
}

function handle(
  dataDir: string,
  { pid, port }: PostmasterFile,
  password: string,
  token: string,
  outcome: { reused: boolean; initialised: boolean },
): EmbeddedPostgres {
  const postmaster = identify(pid);
  let stopping: Promise<void> | undefined;
  const stopUnlessOwned = async () => {
    const owner = readState(dataDir)?.owner;
    if (owner !== undefined && owner.token !== token && isAlive(owner)) return;
    await stopPostmaster(postmaster);
  };
  return { url: urlOf(port, password), port, ...outcome, stop: () => (stopping ??= stopUnlessOwned()) };
}
