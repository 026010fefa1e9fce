import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config';
import { PinoLogger } from 'nestjs-pino';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/harness/paths.js';
import { FileReader } from '#libs/file-access';
import { type ChangesWanted } from '../workflow/workflow.js';
import { type GitChanges, GitReader, withChanges } from './git-changes.js';

const base = temporaryDirectory();
const root = join(base, 'root');
const outside = join(base, 'outside');
/** What a program of the repository would leave behind. */
const marks = join(base, 'marks');

let repository: string;
let count = 0;

beforeEach(() => {
  for (const directory of [root, outside, marks]) mkdirSync(directory, { recursive: true });
  count += 1;
  repository = join(root, `repository-${count}`);
  create(repository);
});

afterEach(() => {
  rmSync(marks, { recursive: true, force: true });
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const GIT_ENV = { PATH: process.env['PATH'] ?? '', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };

function git(directory: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  return execFileSync('git', ['-C', directory, ...who, ...args], {
    env: GIT_ENV,
    stdio: 'pipe',
    timeout: 10_000,
  }).toString();
}

function write(name: string, content: string, directory = repository): void {
  mkdirSync(join(directory, name, '..'), { recursive: true });
  writeFileSync(join(directory, name), content);
}

/** A repository with one commit. */
function create(directory: string, ...options: string[]): void {
  mkdirSync(directory, { recursive: true });
  git(directory, 'init', '--quiet', '--initial-branch=main', ...options);
  write('a.txt', 'one\ntwo\nthree\n', directory);
  write('b.txt', 'one\n', directory);
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '--message=first');
}

function read(wanted: Partial<ChangesWanted> = {}, scopes = ['files:read']): Promise<GitChanges> {
  const config = loadConfig({ EXAI_FILE_ROOTS: root, EXAI_DATA_DIR: join(base, 'data') }, { serving: false });
  const reader = new GitReader(
    config,
    new FileReader(config),
    new PinoLogger({ pinoHttp: { enabled: false } }),
  );
  const principal = { tenant: 'default', subject: 'ada', scopes };
  const signal = new AbortController().signal;
  return reader.read({ path: repository, staged: true, unstaged: true, ...wanted }, { principal }, signal);
}

const refusal = (reason: string) => ({
  warnings: [`no git diff attached: ${reason}; the report of the agent stands alone`],
});

describe('the changes of a repository', () => {
  it('are what is staged, what is not, and the names of untracked files', async () => {
    write('a.txt', 'one\ntwo\nthree\nstaged\n');
    git(repository, 'add', 'a.txt');
    write('b.txt', 'one\nloose\n');
    write('new/c.txt', 'content nobody asked for\n');
    const { text = '', warnings } = await read();
    expect(warnings).toEqual([]);
    expect(text).toMatch(/# Staged changes\nM a\.txt\n\n[^#]*\+staged/);
    expect(text).toMatch(/# Changes that are not staged\nM b\.txt\n\n[^#]*\+loose/);
    expect(text).toMatch(/# Untracked, content not shown\nnew\/$/);
    expect(text).not.toContain('nobody asked');

    expect((await read({ staged: false })).text).not.toContain('+staged');
    expect((await read({ unstaged: false })).text).not.toMatch(/loose|Untracked/);
  });

  it('are the difference to a commit, from anywhere in the repository, with renames found', async () => {
    git(repository, 'tag', 'v1');
    git(repository, 'mv', 'a.txt', 'moved.txt');
    git(repository, 'commit', '--quiet', '--message=second');
    write('sub/c.txt', 'new\n');
    git(repository, 'add', '.');
    const wanted = { path: join(repository, 'sub') };
    for (const compareTo of ['v1', 'main~1', 'HEAD^', git(repository, 'rev-parse', 'v1').trim()]) {
      const { text = '' } = await read({ ...wanted, compareTo });
      expect(text).toContain(`# Changes since ${compareTo}\n`);
      expect(text).toContain('rename from a.txt\nrename to moved.txt');
      expect(text).toContain('+++ b/sub/c.txt');
    }
  });

  it('are those of a repository without a commit, with other hashes, and of a linked working tree', async () => {
    const fresh = join(root, 'fresh');
    mkdirSync(fresh);
    git(fresh, 'init', '--quiet', '--object-format=sha256');
    write('x.txt', 'begin\n', fresh);
    git(fresh, 'add', '.');
    expect((await read({ path: fresh })).text).toContain('+begin');
    git(fresh, 'commit', '--quiet', '--message=first');
    write('x.txt', 'begin\nagain\n', fresh);
    expect((await read({ path: fresh, compareTo: 'HEAD' })).text).toContain('+again');

    const linked = join(root, `linked-${count}`);
    git(repository, 'worktree', 'add', '--quiet', linked, '-b', 'other');
    write('a.txt', 'one\nlinked\n', linked);
    expect((await read({ path: linked })).text).toContain('+linked');
  });

  it('are none where nothing changed, also when only the time of a file did', async () => {
    utimesSync(join(repository, 'a.txt'), new Date(), new Date());
    expect(await read()).toEqual({
      text: '# Staged changes: none\n\n# Changes that are not staged: none',
      warnings: [],
    });
  });

  it('are seen in a file of the same size and time as the one in the index', async () => {
    const { mtime } = statSync(join(repository, 'b.txt'));
    write('b.txt', 'two\n');
    utimesSync(join(repository, 'b.txt'), mtime, mtime);
    utimesSync(join(repository, '.git/index'), mtime, mtime);
    expect(git(repository, 'diff')).toContain('+two');
    expect((await read()).text).toContain('+two');
  });

  it('keep line ends and modes as the repository is set to treat them', async () => {
    git(repository, 'config', 'core.autocrlf', 'true');
    git(repository, 'config', 'core.fileMode', 'false');
    write('a.txt', 'one\r\ntwo\r\nthree\r\n');
    chmodSync(join(repository, 'b.txt'), 0o755);
    expect((await read({ staged: false })).text).toBe('# Changes that are not staged: none');
  });

  it('name odd files unmistakably', async () => {
    write('a "b" ü.txt', 'odd\n');
    write('line\nbreak.txt', 'broken\n');
    git(repository, 'add', '.');
    const { text } = await read({ unstaged: false });
    expect(text).toContain('A "a \\"b\\" ü.txt"\nA "line\\nbreak.txt"\n');
    expect(text).toContain('+odd');
    expect(text).toContain('"line\\nbreak.txt": tools may not read it');
  });

  it('are cut at a line when they are long, and say so', async () => {
    write('long.txt', `${'a line of some length\n'.repeat(20_000)}`);
    write('z.txt', 'last\n');
    git(repository, 'add', '.');
    const { text = '', warnings } = await read({ unstaged: false });
    expect(Buffer.byteLength(text)).toBeLessThan(102_400);
    expect(text).toMatch(/\+a line of some length\n\[the diff is cut here; what follows is not shown\]$/);
    expect(text).toContain('A z.txt\n');
    expect(warnings).toEqual(['git diff: the staged changes are cut for their length']);
  });

  it('leave the repository exactly as it was, and nothing behind', async () => {
    write('a.txt', 'changed\n');
    utimesSync(join(repository, 'b.txt'), new Date(1_000_000), new Date(1_000_000));
    const state = () =>
      readdirSync(join(repository, '.git'), { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => `${name} ${statSync(join(repository, '.git', name)).mtimeMs}`);
    const before = state();
    vi.stubEnv('TMPDIR', marks);
    await read({ compareTo: 'HEAD' });
    expect(state()).toEqual(before);
    expect(tmpdir()).toBe(marks);
    expect(readdirSync(marks)).toEqual([]);
  });
});

describe('files that tools may not read', () => {
  it('are left out by the rules for every file, whatever their case, and named', async () => {
    const secrets = ['.env', 'deep/.ENV.local', 'tls.PEM', 'id_rsa', 'config/secrets.yaml', '.aws/config'];
    for (const name of [...secrets, 'plain.txt']) write(name, `canary-${name}\n`);
    git(repository, 'add', '--force', '.');
    const { text = '', warnings } = await read();
    for (const name of secrets) {
      expect(text).toContain(`${name}: tools may not read it`);
      expect(text).not.toContain(`canary-${name}`);
    }
    expect(text).toContain('+canary-plain.txt');
    expect(warnings).toEqual(['git diff: 6 files left out of the staged changes']);
  });

  it('are left out when a file became the directory that holds them', async () => {
    unlinkSync(join(repository, 'a.txt'));
    write('a.txt/.env', 'canary\n');
    write('a.txt/open', 'open\n');
    git(repository, 'add', '--force', '.');
    const { text = '' } = await read();
    expect(text).not.toContain('canary');
    expect(text).toContain('a.txt: a file of this name became a directory');
    expect(text).toContain('+open');
  });

  it('are not reached by names that git could take for patterns', async () => {
    write('.env', 'canary\n');
    write(':(top,glob)**', 'open\n');
    write('*', 'star\n');
    git(repository, 'add', '--force', '.');
    const { text = '' } = await read();
    expect(text).toContain('+star');
    expect(text).toContain('+open');
    expect(text).not.toContain('canary');
  });
});

describe('no changes, but a reason', () => {
  it('where there is no repository, or none that may be read', async () => {
    const plain = join(root, 'plain');
    mkdirSync(plain, { recursive: true });
    const none = refusal('path is no git repository with a working tree, or it belongs to another user');
    expect(await read({ path: plain })).toEqual(none);

    create(join(outside, 'other'));
    symlinkSync(join(outside, 'other'), join(root, `way-out-${count}`));
    const closed = refusal('tools may not read path');
    for (const path of [
      join(outside, 'other'),
      join(outside, 'missing'),
      join(root, `way-out-${count}`),
      base,
    ]) {
      expect(await read({ path })).toEqual(closed);
    }
  });

  it('where a part of the repository lies outside the roots', async () => {
    create(join(outside, `large-${count}`));
    const inside = refusal('the repository does not lie as a whole in the directories that tools may read');

    // The working tree of a repository inside.
    git(repository, 'config', 'core.worktree', join(outside, `large-${count}`));
    expect(await read()).toEqual(inside);

    // The repository of a directory inside.
    const pointer = join(root, `pointer-${count}`);
    write('.git', `gitdir: ${join(outside, `large-${count}`, '.git')}\n`, pointer);
    expect(await read({ path: pointer })).toEqual(inside);

    // Objects, by a link and by a list.
    const elsewhere = refusal('the repository takes objects from elsewhere');
    const linked = join(root, `linked-objects-${count}`);
    create(linked);
    rmSync(join(linked, '.git/objects/pack'), { recursive: true });
    symlinkSync(join(outside, `large-${count}`, '.git/objects/pack'), join(linked, '.git/objects/pack'));
    expect(await read({ path: linked })).toEqual(elsewhere);
    const borrowing = join(root, `borrowing-${count}`);
    create(borrowing);
    writeFileSync(
      join(borrowing, '.git/objects/info/alternates'),
      join(outside, `large-${count}`, '.git/objects'),
    );
    expect(await read({ path: borrowing })).toEqual(elsewhere);
  });

  it('where the repository begins above the root', async () => {
    git(base, 'init', '--quiet');
    try {
      const below = join(root, 'below');
      mkdirSync(below, { recursive: true });
      expect((await read({ path: below })).text).toBeUndefined();
    } finally {
      rmSync(join(base, '.git'), { recursive: true });
    }
  });

  it('where compare_to names no commit', async () => {
    for (const compareTo of ['nowhere', '--output=stolen', 'HEAD..main', 'HEAD:a.txt', 'a b']) {
      expect(await read({ compareTo })).toEqual(refusal('compare_to names no commit of the repository'));
    }
    expect(existsSync(join(repository, 'stolen'))).toBe(false);
  });

  it('where git is not installed, or not done in time', async () => {
    vi.stubEnv('PATH', marks);
    expect(await read()).toEqual(refusal('git is not installed where the worker runs'));
    writeFileSync(join(marks, 'git'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${marks}:${GIT_ENV.PATH}`);
    expect(await read()).toEqual(refusal('git was not done in time'));
  });

  it('is not even looked for without the right to read files', async () => {
    expect(await read({}, ['tools:call'])).toEqual({ warnings: [] });
  });
});

describe('a hostile repository', () => {
  /** A program that leaves its name behind. */
  const trap = (name: string): string => {
    const path = join(base, `trap-${name}`);
    writeFileSync(path, `#!/bin/sh\n: > '${join(marks, name)}'\n`, { mode: 0o755 });
    return path;
  };
  const sprung = () => readdirSync(marks);
  const attribute = (line: string) => write('.gitattributes', `${line}\n`);
  const config = (name: string, value: string) => git(repository, 'config', name, value);

  const traps: Readonly<Record<string, () => void>> = {
    'a file monitor': () => config('core.fsmonitor', trap('monitor')),
    'an external diff': () => config('diff.external', trap('external')),
    'a diff driver': () => {
      attribute('*.txt diff=own');
      config('diff.own.command', trap('driver'));
    },
    'a text converter': () => {
      attribute('*.txt diff=own');
      config('diff.own.textconv', trap('textconv'));
    },
    'a clean filter': () => {
      attribute('*.txt filter=own');
      config('filter.own.clean', trap('clean'));
      config('filter.own.smudge', trap('smudge'));
      config('filter.own.required', 'true');
    },
    'a filter process': () => {
      attribute('*.txt filter=own');
      config('filter.own.process', trap('process'));
    },
    'a filter in an included file': () => {
      write('.git/info/attributes', '*.txt filter=own\n');
      writeFileSync(join(repository, '.git/more'), `[filter "own"]\n\tclean = ${trap('included')}\n`);
      config('include.path', 'more');
    },
    'a filter in the configuration of the working tree': () => {
      attribute('*.txt filter=own');
      config('extensions.worktreeConfig', 'true');
      git(repository, 'config', '--worktree', 'filter.own.clean', trap('worktree'));
    },
    hooks: () => {
      for (const name of ['post-index-change', 'post-checkout', 'pre-auto-gc']) {
        cpSync(trap(`hook-${name}`), join(repository, '.git/hooks', name));
      }
      mkdirSync(join(repository, 'hooks'));
      cpSync(trap('hook-elsewhere'), join(repository, 'hooks/post-index-change'));
    },
    'a pager and an alias': () => {
      config('core.pager', trap('pager'));
      config('pager.diff', trap('pager-of-diff'));
      config('alias.diff', `!${trap('alias')}`);
      config('alias.rev-parse', `!${trap('alias-of-parse')}`);
    },
    'a submodule with a monitor': () => {
      const inner = join(repository, 'inner');
      create(inner);
      git(repository, 'add', 'inner');
      git(inner, 'config', 'core.fsmonitor', trap('submodule'));
      write('a.txt', 'dirty\n', inner);
    },
    'missing objects that its remote would deliver': () => {
      const head = git(repository, 'rev-parse', 'HEAD').trim();
      rmSync(join(repository, '.git/objects', head.slice(0, 2), head.slice(2)), { force: true });
      config('core.repositoryFormatVersion', '1');
      config('extensions.partialClone', 'origin');
      config('remote.origin.url', join(outside, 'remote'));
      config('remote.origin.promisor', 'true');
      config('remote.origin.uploadpack', trap('uploadpack'));
      config('protocol.allow', 'always');
      config('protocol.file.allow', 'always');
      config('core.sshCommand', trap('ssh'));
    },
  };

  it.each(Object.keys(traps))('runs nothing through %s', async (name) => {
    write('a.txt', 'one\ntwo\nthree\nfour\n');
    traps[name]?.();
    rmSync(marks, { recursive: true });
    mkdirSync(marks);
    for (const compareTo of [undefined, 'main', 'HEAD']) {
      const { text, warnings } = await read(compareTo === undefined ? {} : { compareTo });
      expect(text !== undefined || warnings.length === 1).toBe(true);
      expect(sprung()).toEqual([]);
    }
  });

  it.each([
    'a file monitor',
    'an external diff',
    'a diff driver',
    'a text converter',
    'a clean filter',
    'a filter in an included file',
    'a filter in the configuration of the working tree',
    'missing objects that its remote would deliver',
  ])('would be run by a plain git through %s', (name) => {
    write('a.txt', 'one\ntwo\nthree\nfour\n');
    traps[name]?.();
    rmSync(marks, { recursive: true });
    mkdirSync(marks);
    try {
      git(repository, 'diff', 'main');
    } catch {
      // Whatever it makes of the answer of the trap.
    }
    expect(sprung()).not.toEqual([]);
  });

  it('has its filtered files left out of what is read from the disk, and says so', async () => {
    attribute('*.txt filter=own');
    git(repository, 'add', '.gitattributes');
    git(repository, 'commit', '--quiet', '--message=attributes');
    write('a.txt', 'canary\n');
    write('.gitattributes', '*.txt filter=own\n# more\n');
    const { text = '', warnings } = await read({ staged: false });
    expect(text).toContain('a.txt: passes through a filter, which is not run here');
    expect(text).toContain('+# more');
    expect(text).not.toContain('canary');
    expect(warnings).toEqual(['git diff: 1 files left out of the changes that are not staged']);
  });
});

describe('the room for files', () => {
  const nothing = { files: [], skipped: [] };

  it('takes the changes first, cut to what there is', () => {
    const text = 'line of the diff\n'.repeat(1_000);
    const file = { path: '/a', content: 'a' };
    const [changes, other] = withChanges({ files: [file], skipped: [] }, { text, warnings: [] }, 500).files;
    expect(other).toBe(file);
    expect(changes?.path).toBe('git diff');
    expect(changes?.content.length).toBeLessThan(2_100);
    expect(changes?.content.length).toBeGreaterThan(1_500);
    expect(changes?.content).toMatch(
      /\nline of the diff\n\[the diff is cut here; what follows is not shown\]$/,
    );
    expect(withChanges(nothing, { text, warnings: [] }, 50_000).files[0]?.content).toBe(text);
  });

  it('is as it was without changes', () => {
    expect(withChanges(nothing, { warnings: ['none'] }, 10)).toBe(nothing);
  });

  it('of hardly anything leaves the changes whole, to be left out as such', () => {
    const text = 'line of the diff\n'.repeat(1_000);
    expect(withChanges(nothing, { text, warnings: [] }, 5).files[0]?.content).toBe(text);
  });
});
