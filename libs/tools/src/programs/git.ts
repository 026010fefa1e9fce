import { tmpdir } from 'node:os';
import { findProgram } from './find-program.js';
import { type OutputLimit } from './limited-output.js';
import { type ProgramEnd, runProgram } from './run-program.js';

const LIST: OutputLimit = { maxBytes: 1_048_576, over: 'stop' };
const COMPLAINTS: OutputLimit = { maxBytes: 4_096, over: 'cut' };

/** What git may not do whatever the configuration of a repository says. */
const NEVER = [
  '--no-pager',
  '--no-replace-objects',
  '--literal-pathspecs',
  ...['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'core.attributesFile=/dev/null'].flatMap(setting),
  ...['protocol.allow=never', 'submodule.recurse=false'].flatMap(setting),
];

const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  // A partial clone would fetch what it lacks, by a program that its own configuration names. This outranks that.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_LAZY_FETCH: '1',
  LC_ALL: 'C',
};

/** Why there is no diff, in words for a warning. */
export class GitRefused extends Error {
  override readonly name = 'GitRefused';
}

export interface GitCommand {
  readonly args: readonly string[];
  readonly input?: string;
  /** Default: 1 MiB. */
  readonly stdout?: OutputLimit;
}

/** Git for one call, with one time limit over all of its commands. */
export class Git {
  private constructor(
    private readonly program: string,
    private readonly deadline: number,
    private readonly signal: AbortSignal,
    private readonly env: Readonly<Record<string, string>>,
    private readonly directory?: string,
  ) {}

  /** @throws GitRefused when it is not installed */
  static open(limitMs: number, signal: AbortSignal): Git {
    const program = findProgram('git');
    if (program === undefined) throw new GitRefused('git is not installed where the worker runs');
    return new Git(program, Date.now() + limitMs, signal, ENVIRONMENT);
  }

  /** The same git, in another directory and with more variables. */
  in(directory: string, env: Readonly<Record<string, string>> = {}): Git {
    return new Git(this.program, this.deadline, this.signal, { ...this.env, ...env }, directory);
  }

  /**
   * Runs one command. Its exit code is the caller's to judge.
   * @throws GitRefused out of time; the reason of the signal when that aborts
   */
  async run({ args, input, stdout = LIST }: GitCommand): Promise<ProgramEnd> {
    const end = await runProgram({
      program: this.program,
      args: [...NEVER, ...(this.directory === undefined ? [] : ['-C', this.directory]), ...args],
      cwd: tmpdir(),
      env: this.env,
      ...(input !== undefined && { input }),
      timeoutMs: Math.max(1, this.deadline - Date.now()),
      signal: this.signal,
      stdout,
      stderr: COMPLAINTS,
    });
    if (end.timedOut) throw new GitRefused('git was not done in time');
    return end;
  }

  /**
   * The output of a command that has to succeed, or to be stopped for its length.
   * @throws GitRefused with the reason when it fails
   */
  async output(command: GitCommand, reason: string): Promise<ProgramEnd> {
    const end = await this.run(command);
    if (end.exitCode !== 0 && !end.truncated) throw new GitRefused(reason);
    return end;
  }
}

function setting(pair: string): string[] {
  return ['-c', pair];
}
