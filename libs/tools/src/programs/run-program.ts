import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { basename } from 'node:path';
import { programEnvironment } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { LimitedOutput, type OutputLimit } from './limited-output.js';
import { ProcessGroup } from './process-group.js';

export interface ProgramRun {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute path of a directory that exists. */
  readonly cwd: string;
  /** Beside the few variables that every program gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from its standard input; default: nothing. */
  readonly input?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly stdout: OutputLimit;
  readonly stderr: OutputLimit;
}

export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `stdout`: what was over the limit is missing. */
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** Programs in the background may hold the outputs open; what they write after this is not waited for. */
const QUIET_MS = 200;
const MAX_DRAIN_MS = 1_000;

/**
 * Runs a program to its end: without a shell, in a process group of its own, with an environment of its own. When it
 * resolves or rejects, the program and what it started are gone, except what has left the group on purpose.
 * @throws ExaiError PROVIDER_REJECTED when it cannot be started; the reason of the signal when that aborts.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const { signal, timeoutMs } = run;
  signal.throwIfAborted();
  const child = start(run);
  const exited = exitOf(child, run);
  const group = new ProcessGroup(child);
  const stop = (): void => group.stop();
  const stdout = new LimitedOutput(child.stdout, run.stdout, stop);
  const stderr = new LimitedOutput(child.stderr, run.stderr, stop);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    feed(child, run.input);
    const { exitCode, endedBy } = await exited;
    await drained(child, () => stdout.received + stderr.received);
    signal.throwIfAborted();
    return {
      exitCode,
      signal: endedBy,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.truncated,
      timedOut,
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    group.end();
    child.stdin.destroy();
    stdout.close();
    stderr.close();
  }
}

function start(run: ProgramRun): ChildProcessWithoutNullStreams {
  const { program, args, cwd, env } = run;
  try {
    return spawn(program, args, {
      cwd,
      env: { ...programEnvironment(), ...env },
      shell: false,
      detached: true,
      windowsHide: true,
      stdio: 'pipe',
    });
  } catch (error) {
    throw notStarted(run, error);
  }
}

interface Exit {
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
}

function exitOf(child: ChildProcessWithoutNullStreams, run: ProgramRun): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('exit', (exitCode, endedBy) => resolve({ exitCode, endedBy }));
    child.once('error', (error) => reject(notStarted(run, error)));
  });
}

function notStarted({ program }: ProgramRun, cause: unknown): ExaiError {
  const { code = 'not possible' } = cause as NodeJS.ErrnoException;
  const name = basename(program);
  const reason = `the program ${name} cannot be started (${code})`;
  const wording = {
    message: `The program ${name} cannot be started (${code}).`,
    hint: 'The operator must install it where the worker runs; until then the same call will not help.',
  };
  return new ExaiError('PROVIDER_REJECTED', { provider: name, reason }, { cause, wording });
}

/** A program that does not read, or has ended, breaks the pipe: that is its right. */
function feed({ stdin }: ChildProcessWithoutNullStreams, input = ''): void {
  stdin.on('error', () => undefined);
  stdin.end(input);
}

/** Both outputs are closed, or nothing has come for a while. */
async function drained(child: ChildProcessWithoutNullStreams, received: () => number): Promise<void> {
  if (child.stdout.closed && child.stderr.closed) return;
  await new Promise<void>((resolve) => {
    const giveUpAt = Date.now() + MAX_DRAIN_MS;
    let before = received();
    let timer = setTimeout(look, QUIET_MS);
    child.once('close', finish);

    function look(): void {
      // Between a timer and an immediate the pipes are read, also after the process was busy elsewhere.
      setImmediate(() => {
        if (received() === before || Date.now() > giveUpAt) return finish();
        before = received();
        timer = setTimeout(look, QUIET_MS);
      });
    }

    function finish(): void {
      clearTimeout(timer);
      child.removeListener('close', finish);
      resolve();
    }
  });
}
