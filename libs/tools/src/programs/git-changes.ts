import { realpath } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { estimateTokens } from '#libs/providers';
import { PinoLogger } from 'nestjs-pino';
import { isCommitName } from '../commit-name.js';
import { FileReader, type ReadFiles } from '#libs/file-access';
import { type ToolCall } from '../tool.js';
import { type ChangesWanted } from '../workflow/workflow.js';
import { changedFiles, type ChangedFiles, type Comparison, diffText, quoted } from './changed-files.js';
import { Git, GitRefused } from './git.js';
import { commitOf, type GitPlace, locateRepository, withOwnGitDirectory } from './git-repository.js';

/** Changes of a repository as git itself tells them. */
export interface GitChanges {
  /** Absent when git told nothing; the first warning says why. */
  readonly text?: string;
  readonly warnings: readonly string[];
}

const NO_CHANGES: GitChanges = { warnings: [] };

/** Over all commands of one call. */
const LIMIT_MS = 10_000;
/** As much of a file as an expert is shown at most. */
const MAX_TEXT_BYTES = 100_000;
const MAX_LISTED = 200;

const CUT_MARK = '[the diff is cut here; what follows is not shown]';
/** Estimates are not even over a text; a second cut is rarely needed this way. */
const CUT_CLOSER = 0.95;
/** Less is worth nothing: then the changes are left out like a file for which there is no room. */
const MIN_CHARS = 400;

/** Reads the changes of the caller's repositories. Never runs a program that a repository names, and writes nothing. */
@Injectable()
export class GitReader {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly files: FileReader,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(GitReader.name);
  }

  /** Rejects only with the reason of the signal: without git the work goes on, and a warning says so. */
  async read(
    wanted: ChangesWanted | undefined,
    { principal, clientFiles }: Pick<ToolCall, 'principal' | 'clientFiles'>,
    signal: AbortSignal,
  ): Promise<GitChanges> {
    if (wanted === undefined || !principal.scopes.includes('files:read')) return NO_CHANGES;
    try {
      if (clientFiles) throw new GitRefused("the repository is on the client's computer");
      return await this.readOrRefuse(wanted, signal);
    } catch (error) {
      signal.throwIfAborted();
      const known = error instanceof GitRefused ? error.message : undefined;
      if (known === undefined) this.logger.warn({ err: error }, 'changes of a repository not read');
      const reason = known ?? 'the repository could not be read';
      return { warnings: [`no git diff attached: ${reason}; the report of the agent stands alone`] };
    }
  }

  private async readOrRefuse(wanted: ChangesWanted, signal: AbortSignal): Promise<GitChanges> {
    const { path, compareTo } = wanted;
    if (!(await this.mayRead(path, signal))) throw new GitRefused('tools may not read path');
    const git = Git.open(LIMIT_MS, signal);
    const roots = await Promise.all(this.config.files.roots.map((root) => realpath(root).catch(() => root)));
    const place = await locateRepository(git, await realpath(path), roots);
    if (!(await this.mayRead(place.toplevel, signal))) throw new GitRefused('tools may not read path');
    const commit = compareTo === undefined ? undefined : await this.commit(git, place, compareTo);
    const comparisons = comparisonsOf(wanted, commit);
    return withOwnGitDirectory(git, place, (own) => this.describe(own, place, comparisons, signal));
  }

  private async commit(git: Git, place: GitPlace, name: string): Promise<string> {
    const commit = isCommitName(name) ? await commitOf(git, place, name) : undefined;
    if (commit === undefined) throw new GitRefused('compare_to names no commit of the repository');
    return commit;
  }

  private async describe(
    git: Git,
    { toplevel }: GitPlace,
    comparisons: readonly Comparison[],
    signal: AbortSignal,
  ): Promise<GitChanges> {
    const parts: string[] = [];
    const warnings: string[] = [];
    let room = MAX_TEXT_BYTES;
    for (const comparison of comparisons) {
      const found = await changedFiles(git, toplevel, comparison, (path) => this.mayRead(path, signal));
      const { text, cut } = await diffText(git, comparison, found.shown, Math.max(1, room));
      room -= Buffer.byteLength(text);
      parts.push(partOf(comparison, found, text, cut));
      warnings.push(...warningsOf(comparison, found, cut));
    }
    if (comparisons.some(({ readsFiles }) => readsFiles)) parts.push(untrackedPart(await untracked(git)));
    return { text: parts.filter((part) => part !== '').join('\n\n'), warnings };
  }

  /** By the rules for every file of a caller. */
  private async mayRead(path: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.files.check([path], 'path', { exists: false, signal });
      return true;
    } catch (error) {
      if (error instanceof ExaiError) return false;
      throw error;
    }
  }
}

/**
 * The files with the changes in front of them as one more, cut where they would take more than all of the room.
 * @param maxTokens room for all files
 */
export function withChanges(read: ReadFiles, { text }: GitChanges, maxTokens: number): ReadFiles {
  if (text === undefined) return read;
  return { ...read, files: [{ path: 'git diff', content: fitted(text, maxTokens) }, ...read.files] };
}

function fitted(text: string, maxTokens: number): string {
  let shown = text;
  for (let tokens = estimateTokens(shown); tokens > maxTokens; tokens = estimateTokens(shown)) {
    const end = Math.floor(shown.length * CUT_CLOSER * (maxTokens / tokens));
    if (end < MIN_CHARS) return text;
    shown = `${text.slice(0, text.lastIndexOf('\n', end) + 1)}${CUT_MARK}`;
  }
  return shown;
}

function comparisonsOf({ compareTo, staged, unstaged }: ChangesWanted, commit?: string): Comparison[] {
  if (commit !== undefined) {
    return [{ title: `Changes since ${compareTo}`, args: [commit], readsFiles: true }];
  }
  return [
    ...(staged ? [{ title: 'Staged changes', args: ['--cached'], readsFiles: false }] : []),
    ...(unstaged ? [{ title: 'Changes that are not staged', args: [], readsFiles: true }] : []),
  ];
}

function partOf({ title }: Comparison, found: ChangedFiles, text: string, cut: boolean): string {
  if (found.all.length === 0) return `# ${title}: none`;
  const lines = [
    `# ${title}`,
    ...limited(found.all),
    ...(found.more ? ['and more, which git was not let to list'] : []),
  ];
  if (found.leftOut.length > 0) {
    lines.push(
      '',
      'Not shown:',
      ...limited(found.leftOut.map(({ path, reason }) => `${quoted(path)}: ${reason}`)),
    );
  }
  if (text !== '') lines.push('', text.trimEnd());
  if (cut) lines.push(CUT_MARK);
  return lines.join('\n');
}

function warningsOf({ title }: Comparison, { leftOut, more }: ChangedFiles, cut: boolean): string[] {
  const what = title.toLowerCase();
  return [
    ...(leftOut.length > 0 ? [`git diff: ${leftOut.length} files left out of the ${what}`] : []),
    ...(more ? [`git diff: not all of the ${what} are listed`] : []),
    ...(cut ? [`git diff: the ${what} are cut for their length`] : []),
  ];
}

async function untracked(git: Git): Promise<readonly string[]> {
  const args = [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=normal',
    '--ignore-submodules=all',
    '--no-renames',
  ];
  const { stdout } = await git.output({ args }, 'git could not list the untracked files');
  return stdout.split('\0').flatMap((line) => (line.startsWith('?? ') ? [line.slice(3)] : []));
}

function untrackedPart(names: readonly string[]): string {
  if (names.length === 0) return '';
  return ['# Untracked, content not shown', ...limited(names.map(quoted))].join('\n');
}

function limited(lines: readonly string[]): string[] {
  const more = lines.length - MAX_LISTED;
  return more > 0 ? [...lines.slice(0, MAX_LISTED), `and ${more} more`] : [...lines];
}
