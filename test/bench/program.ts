import { PRODUCT, readLocalToken } from '#libs/config';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.js';
import { endOnInterrupt } from './interrupts.js';

export const MAIN = {
  standalone: join(PRODUCT.root, 'dist/apps/standalone/src/main.js'),
  gateway: join(PRODUCT.root, 'dist/apps/gateway/src/main.js'),
  worker: join(PRODUCT.root, 'dist/apps/worker/src/main.js'),
  simulator: join(PRODUCT.root, 'dist/apps/simulator/src/main.js'),
} as const;

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;

export interface ProgramOptions {
  readonly command?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Its log goes here, at the default level: a pipe would cost the measuring process processor time. */
  readonly logFile: string;
  /** Message of the line that says it is ready. */
  readonly readyMessage: string;
}

/** A program of ours, as an operator runs it: default log level, log into a file. */
export class Program {
  readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    /** From exec to the line that says it is ready. */
    readonly startSeconds: number,
  ) {
    this.exited = once(child, 'exit');
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const { command = process.execPath, args, cwd, logFile, readyMessage } = options;
    const log = openSync(logFile, 'a');
    const offset = readFileSync(logFile).length;
    const env = { PATH: process.env['PATH'] ?? '', EXAI_LOG_FORMAT: 'json', ...options.env };
    const startedAt = performance.now();
    const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', log, log] });
    closeSync(log);
    endOnInterrupt(() => stop(child));
    const written = () => readFileSync(logFile).subarray(offset).toString();
    const isReady = () => written().includes(`"msg":"${readyMessage}"`);
    await eventually(() => isReady() || child.exitCode !== null, readyMessage, {
      timeoutMs: START_LIMIT_MS,
      everyMs: 10,
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    if (!isReady()) throw new Error(`It ended before "${readyMessage}":\n${written().slice(-3_000)}`);
    return new Program(child, logFile, seconds);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Pid in the newest log line with this message: children write to the same log. */
  pidOfLast(message: string): number {
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    const line = lines.findLast((text) => text.includes(`"msg":"${message}"`));
    return line === undefined ? 0 : (JSON.parse(line) as { pid: number }).pid;
  }

  /** SIGTERM; the exit code, null when it had to be killed. */
  stop(): Promise<number | null> {
    return stop(this.child);
  }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
  }
  return child.exitCode;
}

export function tokenIn(dataDir: string): string {
  const token = readLocalToken([dataDir]);
  if (token === undefined) throw new Error(`There is no token in ${dataDir}.`);
  return token;
}
