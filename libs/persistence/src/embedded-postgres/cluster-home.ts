// Where the cluster of a data directory lies, and who owns its server.
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorCode, errorText, parseIdentity, type ProcessIdentity } from './process-identity.js';
import { inSharedPlace, isInSharedPlace, makeRootsOwnDirectory } from './shared-places.js';
import {
  chownTree,
  findClosedDirectory,
  findOwner,
  getServerUser,
  isRoot,
  type ServerUser,
} from './unprivileged-user.js';

const STATE_FILE = 'embedded-postgres.json';
const SHARED_PREFIX = 'data-';

export interface ClusterState {
  /** The data directory this was written for; a copied directory must not share the original's cluster. */
  readonly dataDir: string;
  /** The directory that holds `postgres/`. */
  readonly home: string;
  readonly port?: number;
  /** Who stops the server; the token tells apart two users within one process. */
  readonly owner?: ProcessIdentity & { readonly token: string };
}

export interface ClusterPlace {
  readonly home: string;
  /** `<home>/postgres` */
  readonly cluster: string;
  /** Set when we are root: the user the server runs as. */
  readonly user?: ServerUser;
}

/** Creates the data directory if need be and returns its real path. */
export function prepareDataDir(path: string): string {
  if (!isAbsolute(path)) throw new Error(`The data directory must be an absolute path, not ${path}.`);
  try {
    mkdirSync(path, { recursive: true, mode: isRoot() ? 0o711 : 0o700 });
    const real = realpathSync(path);
    const { mode } = statSync(real);
    // The server's user has to pass through to its cluster; listing the directory is not needed for that.
    if (isRoot() && (mode & 0o011) !== 0o011) chmodSync(real, (mode & 0o7777) | 0o011);
    return real;
  } catch (error) {
    throw new Error(
      `Cannot use the data directory ${path} (${errorText(error)}); set EXAI_DATA_DIR to a directory you may write to.`,
      { cause: error },
    );
  }
}

export function readState(dataDir: string): ClusterState | undefined {
  try {
    const raw = JSON.parse(readFileSync(join(dataDir, STATE_FILE), 'utf8')) as Record<string, unknown>;
    if (typeof raw.dataDir !== 'string' || typeof raw.home !== 'string') return undefined;
    const identity = parseIdentity(raw.owner);
    const token = (raw.owner as { token?: unknown } | undefined)?.token;
    return {
      dataDir: raw.dataDir,
      home: raw.home,
      ...(typeof raw.port === 'number' ? { port: raw.port } : {}),
      ...(identity && typeof token === 'string' ? { owner: { ...identity, token } } : {}),
    };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function writeState(state: ClusterState): void {
  const path = join(state.dataDir, STATE_FILE);
  const incoming = `${path}.${randomUUID()}`;
  writeFileSync(incoming, `${JSON.stringify(state, null, 2)}\n`, { flag: 'wx', mode: 0o644 });
  renameSync(incoming, path);
}

/** The recorded home if it is not the data directory itself and still exists. */
export function findRecordedHome(dataDir: string): string | undefined {
  const state = readState(dataDir);
  if (state === undefined || state.home === state.dataDir || !existsSync(state.home)) return undefined;
  // Moved: the old path is gone and the cluster moves along. Copied: it stays with the original.
  if (state.dataDir !== dataDir && readStateSafely(state.dataDir)?.home === state.home) return undefined;
  // What an ordinary user wrote into the record must not lead root to other people's files.
  if (isRoot() && !isInSharedPlace(state.home, SHARED_PREFIX)) {
    throw new Error(
      `The database of ${dataDir} is recorded at ${state.home}, which is not a directory of root's own made for it; give it back to root, or remove ${join(dataDir, STATE_FILE)} to start with an empty database.`,
    );
  }
  return state.home;
}

/** Decides where the cluster lies and which user runs it. */
export function choosePlace(dataDir: string, password: string): ClusterPlace {
  const recorded = findRecordedHome(dataDir);
  return isRoot() ? choosePlaceForRoot(dataDir, password, recorded) : choosePlaceForUser(dataDir, recorded);
}

function choosePlaceForUser(dataDir: string, recorded: string | undefined): ClusterPlace {
  const cluster = join(recorded ?? dataDir, 'postgres');
  const owner = statSync(cluster, { throwIfNoEntry: false })?.uid;
  if (recorded !== undefined || (owner !== undefined && owner !== process.geteuid?.() && isPosix())) {
    throw new Error(
      `The database of ${dataDir} belongs to another user (${cluster}); start as that user or as root, or set EXAI_DATA_DIR to another directory.`,
    );
  }
  return { home: dataDir, cluster };
}

function choosePlaceForRoot(dataDir: string, password: string, recorded: string | undefined): ClusterPlace {
  const local = join(dataDir, 'postgres');
  const localUser = findOwner(local) ?? getServerUser();
  const closed = findClosedDirectory(dataDir, localUser);
  if (recorded !== undefined) return ownedPlace(recorded, findOwner(join(recorded, 'postgres')));
  if (closed === undefined) return ownedPlace(dataDir, localUser);
  if (existsSync(join(local, 'PG_VERSION'))) {
    throw new Error(
      `The database lies in ${local}, but PostgreSQL, which runs as user ${localUser.name}, may not enter ${closed}; allow it with chmod o+x ${closed}, or set EXAI_DATA_DIR to another directory.`,
    );
  }
  // With the password in the name, emptying the data directory leads to an empty database and not to a locked one.
  const hash = createHash('sha256').update(`${dataDir}\0${password}`).digest('hex').slice(0, 24);
  const home = inSharedPlace(localUser, 'the database', (place) => {
    const path = join(place, `${SHARED_PREFIX}${hash}`);
    makeRootsOwnDirectory(path, 0o711);
    return path;
  });
  return ownedPlace(home, findOwner(join(home, 'postgres')) ?? localUser);
}

/** The cluster of an ordinary user stays that user's; one that was copied or restored by root is handed over. */
function ownedPlace(home: string, owner: ServerUser | undefined): ClusterPlace {
  const cluster = join(home, 'postgres');
  const user = owner ?? getServerUser();
  if (statSync(cluster, { throwIfNoEntry: false })?.uid === 0) chownTree(cluster, user);
  return { home, cluster, user };
}

function readStateSafely(dataDir: string): ClusterState | undefined {
  try {
    return readState(dataDir);
  } catch {
    return undefined;
  }
}

function isPosix(): boolean {
  return process.platform !== 'win32';
}
