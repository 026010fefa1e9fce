import { join } from 'node:path';
import { type SkippedFile } from '#libs/file-access';
import { type Git } from './git.js';

/** One comparison that git makes. */
export interface Comparison {
  readonly title: string;
  /** Arguments of `git diff`. */
  readonly args: readonly string[];
  /** Files on the disk are read for it. */
  readonly readsFiles: boolean;
}

/** What a comparison may show, by names below the repository. */
export interface ChangedFiles {
  /** One line each: letter of the change and name. */
  readonly all: readonly string[];
  readonly shown: readonly string[];
  readonly leftOut: readonly SkippedFile[];
  /** There are more than git was let to list. */
  readonly more: boolean;
}

const MAX_SHOWN = 500;
/** Bytes of all names together: they stand in the command line. */
const MAX_NAMES = 65_536;

const PLAIN = ['--no-renames', '--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=all'];

/** @param mayRead whether a file of this canonical path may be shown */
export async function changedFiles(
  git: Git,
  toplevel: string,
  comparison: Comparison,
  mayRead: (path: string) => Promise<boolean>,
): Promise<ChangedFiles> {
  const args = ['diff', ...PLAIN, '--name-status', '-z', ...comparison.args, '--'];
  const { stdout, truncated } = await git.output({ args }, 'git could not compare the files');
  const fields = stdout.split('\0');
  const pairs = Math.floor((fields.length - 1) / 2);
  const changes = Array.from({ length: pairs }, (_, index) => ({
    letter: fields[2 * index] ?? '',
    name: fields[2 * index + 1] ?? '',
  }));
  const names = changes.map(({ name }) => name);
  const filtered = comparison.readsFiles ? await filteredNames(git, names) : new Set<string>();
  const leftOut: SkippedFile[] = [];
  const shown: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const reason = filtered.has(name)
      ? 'passes through a filter, which is not run here'
      : await reasonToLeaveOut(name, toplevel, mayRead);
    bytes += Buffer.byteLength(name) + 1;
    if (reason !== undefined) leftOut.push({ path: name, reason });
    else if (shown.length >= MAX_SHOWN || bytes > MAX_NAMES)
      leftOut.push({ path: name, reason: 'too many files' });
    else shown.push(name);
  }
  return {
    all: changes.map(({ letter, name }) => `${letter} ${quoted(name)}`),
    ...withoutPrefixes(shown, leftOut),
    more: truncated,
  };
}

/** The text of the comparison for these files, renames found among them. Ends at a line when it is cut. */
export async function diffText(
  git: Git,
  { args }: Comparison,
  names: readonly string[],
  maxBytes: number,
): Promise<{ readonly text: string; readonly cut: boolean }> {
  if (names.length === 0) return { text: '', cut: false };
  const plain = PLAIN.filter((option) => option !== '--no-renames');
  const command = {
    args: ['diff', ...plain, '--find-renames', '--src-prefix=a/', '--dst-prefix=b/', ...args, '--', ...names],
    stdout: { maxBytes, over: 'stop' },
  } as const;
  const { stdout, truncated } = await git.output(command, 'git could not show the changes');
  if (!truncated) return { text: stdout, cut: false };
  return { text: stdout.slice(0, stdout.lastIndexOf('\n') + 1), cut: true };
}

/** A name as a reader can take it for nothing else. */
export function quoted(name: string): string {
  return /[\p{Cc}\p{Cf}\u2028\u2029"\\]/u.test(name) ? JSON.stringify(name) : name;
}

async function reasonToLeaveOut(
  name: string,
  toplevel: string,
  mayRead: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  if (name.includes('\uFFFD')) return 'its name is not UTF-8';
  return (await mayRead(join(toplevel, name))) ? undefined : 'tools may not read it';
}

/** A file that became a directory, or the reverse: its name would also stand for what is in the directory. */
function withoutPrefixes(
  shown: readonly string[],
  leftOut: readonly SkippedFile[],
): Pick<ChangedFiles, 'shown' | 'leftOut'> {
  const covers = (name: string) => leftOut.some(({ path }) => path.startsWith(`${name}/`));
  const covering = leftOut.length === 0 ? [] : shown.filter(covers);
  const reason = 'a file of this name became a directory with files that are not shown';
  return {
    shown: shown.filter((name) => !covering.includes(name)),
    leftOut: [...leftOut, ...covering.map((path) => ({ path, reason }))],
  };
}

/** Files that are stored otherwise than they lie on the disk would look changed from end to end. */
async function filteredNames(git: Git, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const command = { args: ['check-attr', '-z', '--stdin', 'filter'], input: `${names.join('\0')}\0` };
  const { stdout } = await git.output(command, 'git could not tell the attributes of the files');
  const fields = stdout.split('\0');
  const filtered = new Set<string>();
  for (let index = 0; index + 2 < fields.length; index += 3) {
    if (!['unspecified', 'unset'].includes(fields[index + 2] ?? '')) filtered.add(fields[index] ?? '');
  }
  return filtered;
}
