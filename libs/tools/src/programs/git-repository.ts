import { type Dirent, constants } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isInside } from '#libs/file-access';
import { type Git, GitRefused } from './git.js';

const NO_REPOSITORY = 'path is no git repository with a working tree, or it belongs to another user';
const NOT_INSIDE = 'the repository does not lie as a whole in the directories that tools may read';
const BORROWS = 'the repository takes objects from elsewhere';
const UNKNOWN_FORM = 'the repository has a form that is not read here';

/** What of a repository's configuration decides how files are compared; none of it can name a program. */
const KEPT_SETTINGS = /^core\.(filemode|symlinks|ignorecase|autocrlf|eol)$/;
const KEPT_VALUES = /^(true|false|input|lf|crlf|native)$/;

/** A repository where it is. Every path is canonical and lies in a root. */
export interface GitPlace {
  /** Where it was found from. */
  readonly path: string;
  readonly toplevel: string;
  readonly gitDir: string;
  readonly objects: string;
  readonly index: string;
  readonly sha256: boolean;
}

/**
 * Finds the repository that a directory lies in.
 * @param path canonical, like the roots
 * @throws GitRefused
 */
export async function locateRepository(git: Git, path: string, roots: readonly string[]): Promise<GitPlace> {
  const here = git.in(path, { GIT_CEILING_DIRECTORIES: roots.map(dirname).join(delimiter) });
  const asked = ['--show-toplevel', '--absolute-git-dir', '--git-path', 'objects', '--git-path', 'index'];
  const args = ['rev-parse', '--path-format=absolute', ...asked, '--show-object-format'];
  const { stdout } = await here.output({ args }, NO_REPOSITORY);
  const lines = stdout.trimEnd().split('\n');
  const [toplevel = '', gitDir = '', objects = '', index = '', format = ''] = lines;
  if (lines.length !== 5 || !/^sha(1|256)$/.test(format)) throw new GitRefused(UNKNOWN_FORM);
  const place = {
    path,
    toplevel: await within(roots, toplevel),
    gitDir: await within(roots, gitDir),
    objects: await within(roots, objects),
    index: join(await within(roots, dirname(index)), 'index'),
  };
  await refuseBorrowed(place.objects);
  return { ...place, sha256: format === 'sha256' };
}

async function within(roots: readonly string[], path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined || !roots.some((root) => isInside(root, real))) throw new GitRefused(NOT_INSIDE);
  return real;
}

/** A link or a list of further object stores would show content from outside the roots. */
async function refuseBorrowed(objects: string): Promise<void> {
  const lists = await Promise.all(
    ['', 'pack', 'info'].map((part) => readdir(join(objects, part), { withFileTypes: true }).catch(() => [])),
  );
  const borrowed = ({ name, isLink }: { name: string; isLink: boolean }) => isLink || name === 'alternates';
  const entries = lists.flat().map((entry: Dirent) => ({ name: entry.name, isLink: entry.isSymbolicLink() }));
  if (entries.some(borrowed)) throw new GitRefused(BORROWS);
}

/** The commit that a name stands for; undefined = there is none. */
export async function commitOf(git: Git, { path }: GitPlace, ref: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  const { exitCode, stdout } = await git.in(path).run({ args });
  const id = stdout.trim();
  return exitCode === 0 && /^[0-9a-f]{40,64}$/.test(id) ? id : undefined;
}

/**
 * Gives `use` a git that sees the objects, the index and the files of a repository through a git directory of our
 * own. The repository's configuration, hooks and attributes beside its files are not read at all, so the programs that
 * they name (filters, text converters, diff tools, monitors) cannot run; nothing is written into the repository.
 * @throws GitRefused
 */
export async function withOwnGitDirectory<T>(
  git: Git,
  place: GitPlace,
  use: (git: Git) => Promise<T>,
): Promise<T> {
  const own = await mkdtemp(join(tmpdir(), 'exai-git-'));
  try {
    await fill(own, git, place);
    const env = {
      GIT_DIR: own,
      GIT_WORK_TREE: place.toplevel,
      GIT_OBJECT_DIRECTORY: place.objects,
      GIT_INDEX_FILE: join(own, 'index'),
    };
    return await use(git.in(place.toplevel, env));
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function fill(own: string, git: Git, place: GitPlace): Promise<void> {
  const head = await commitOf(git, place, 'HEAD');
  await Promise.all([
    mkdir(join(own, 'refs')),
    // Before the first commit everything is compared with nothing.
    writeFile(join(own, 'HEAD'), `${head ?? 'ref: refs/heads/unborn'}\n`),
    writeFile(join(own, 'config'), await configuration(git, place)),
    copyIndex(place.index, join(own, 'index')),
  ]);
}

async function configuration(git: Git, { path, sha256 }: GitPlace): Promise<string> {
  const args = ['config', '--null', '--get-regexp', KEPT_SETTINGS.source];
  const { stdout } = await git.in(path).run({ args });
  const kept = stdout.split('\0').flatMap((pair) => {
    const [name = '', value = ''] = pair.split('\n');
    return KEPT_SETTINGS.test(name) && KEPT_VALUES.test(value) ? [`${name.slice(5)} = ${value}`] : [];
  });
  const extension = sha256 ? ['[extensions]', 'objectFormat = sha256'] : [];
  const version = `repositoryformatversion = ${sha256 ? 1 : 0}`;
  return ['[core]', version, 'bare = false', ...kept, ...extension, ''].join('\n');
}

/** A copy must not look younger than its original: git trusts the sizes and times in an index younger than the files. */
async function copyIndex(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isFile()) throw new GitRefused(UNKNOWN_FORM);
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const seconds = Math.floor((await stat(from)).mtimeMs / 1_000);
  await utimes(to, seconds, Math.min(seconds, Math.floor(found.mtimeMs / 1_000)));
}
