import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const TOKEN_FILE = 'token';
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
const OWNER_ONLY = 0o600;

/**
 * The secret kept in `<dataDir>/<name>`: 32 random bytes as base64url, created with mode 0600 on first use.
 * Processes that race get the same value. Throws when the directory is not writable or the file is empty.
 */
export function openSecret(dataDir: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) throw new Error('A secret is named by a plain file name.');
  const path = join(dataDir, name);
  if (readIfPresent(path) === undefined) createOnce(dataDir, path);
  const secret = readIfPresent(path);
  if (!secret)
    throw new Error(`The secret file ${name} in the data directory is empty: delete it and start again.`);
  return secret;
}

/** The local access token of the first directory that has one. */
export function readLocalToken(dataDirs: readonly string[]): string | undefined {
  for (const dataDir of dataDirs) {
    const token = readIfPresent(join(dataDir, TOKEN_FILE));
    if (token) return token;
  }
  return undefined;
}

/** Puts the local access token in place, mode 0600; a reader sees the old or the new one, never half of it. */
export function writeLocalToken(dataDir: string, token: string): void {
  const draft = writeDraft(dataDir, token);
  try {
    renameSync(draft, join(dataDir, TOKEN_FILE));
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A link appears complete or not at all, and fails for all but the first process. */
function createOnce(dataDir: string, path: string): void {
  const draft = writeDraft(dataDir, randomBytes(32).toString('base64url'));
  try {
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') copyOnce(draft, path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** For file systems without links; there a racing reader may find the file half written and fail once. */
function copyOnce(draft: string, path: string, linkError: unknown): void {
  if (!NO_LINKS.has(errorCode(linkError) ?? '')) throw linkError;
  try {
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** A finished file under a name of its own, flushed: a power cut must not leave an empty secret in place. */
function writeDraft(dataDir: string, content: string): string {
  mkdirSync(dataDir, { recursive: true });
  const draft = join(dataDir, `.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  const file = openSync(draft, 'wx', OWNER_ONLY);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
