// Directories of root's own for what cannot stay where it is because the server's user could not reach it.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, errorText } from './process-identity.js';
import { findClosedDirectory, isRootsOwnDirectory, type ServerUser } from './unprivileged-user.js';

/** /var/lib first: /var/tmp is often mounted noexec, and its files may be removed after 30 days without use. */
const PLACES = ['/var/lib/exai', '/var/tmp/exai'];

/** Runs `use` with the first shared place that `user` can reach, root alone can write to, and `use` succeeds in. */
export function inSharedPlace<T>(user: ServerUser, purpose: string, use: (place: string) => T): T {
  const reasons: string[] = [];
  for (const place of PLACES) {
    try {
      makeRootsOwnDirectory(place, 0o755);
      const closed = findClosedDirectory(place, user);
      if (closed !== undefined) throw new Error(`user ${user.name} may not enter ${closed}`);
      return use(place);
    } catch (error) {
      reasons.push(`${place}: ${errorText(error)}`);
    }
  }
  throw new Error(
    `Found no place for ${purpose} (${reasons.join('; ')}); set EXAI_DATA_DIR to a directory user ${user.name} can enter, set DATABASE_URL, or start as an ordinary user.`,
  );
}

/** Whether `path` is an existing `<shared place>/<prefix>…` of root's own. */
export function isInSharedPlace(path: string, prefix: string): boolean {
  const place = PLACES.find((candidate) => dirname(path) === candidate);
  return (
    place !== undefined &&
    path.startsWith(join(place, prefix)) &&
    isRootsOwnDirectory(place) &&
    isRootsOwnDirectory(path)
  );
}

export function makeRootsOwnDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if (!isRootsOwnDirectory(path)) throw new Error('it belongs to another user or others may write to it');
}
