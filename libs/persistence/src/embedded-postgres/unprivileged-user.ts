// PostgreSQL refuses to run as root, so root hands the server to another user who must be able to reach its files.
import { lchownSync, lstatSync, readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The user root runs the server as. */
export function getServerUser(passwdFile = '/etc/passwd'): ServerUser {
  const users = readUsers(passwdFile);
  const user = ['postgres', 'nobody']
    .map((name) => users.find((candidate) => candidate.name === name && candidate.uid !== 0))
    .find((candidate) => candidate !== undefined);
  if (user !== undefined) return user;
  throw new Error(
    'PostgreSQL cannot run as root and no user `postgres` or `nobody` exists; set DATABASE_URL, or start as an ordinary user.',
  );
}

/** The user a directory belongs to, unless that is root. */
export function findOwner(path: string): ServerUser | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.uid === 0) return undefined;
  const known = readUsers('/etc/passwd').find((user) => user.uid === stat.uid);
  return known ?? { name: `uid ${stat.uid}`, uid: stat.uid, gid: stat.gid };
}

/** The first directory on the way to and including `path` that `user` may not enter. */
export function findClosedDirectory(path: string, user: ServerUser): string | undefined {
  const ancestors = [path];
  for (let next = dirname(path); next !== ancestors[0]; next = dirname(next)) ancestors.unshift(next);
  return ancestors.find((directory) => !grants(statSync(directory), user, 0o1));
}

/** Whether the mode grants all of `wanted` (4 read, 2 write, 1 execute or enter). Access lists are not consulted. */
export function grants(stat: Stats, user: ServerUser, wanted: number): boolean {
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
  return ((stat.mode >> shift) & wanted) === wanted;
}

/** A real directory of root's own that nobody else can write to: only such a one is trusted in a shared place. */
export function isRootsOwnDirectory(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0;
}

export function chownTree(path: string, user: ServerUser): void {
  lchownSync(path, user.uid, user.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownTree(join(path, name), user);
}

function readUsers(passwdFile: string): ServerUser[] {
  let text: string;
  try {
    text = readFileSync(passwdFile, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (!name || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
