import { spawn, type ChildProcess } from 'node:child_process';
import { eventually } from './eventually.js';

/** One JSON line of a server's log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly process: string;
  readonly pid: number;
  readonly correlationId?: string;
  readonly callId?: string;
  readonly [field: string]: unknown;
}

export interface SpawnOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** A program of ours under test, started with exactly the environment it is given. */
export class ServerProcess {
  /** Every JSON line so far, its worker's included. */
  readonly logs: LogLine[] = [];
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private text = '';

  constructor(
    readonly script: string,
    readonly env: Readonly<Record<string, string>>,
    { args = [], ...options }: SpawnOptions = {},
  ) {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    this.child = child;
    running.add(child);
    this.exited = new Promise((resolve, reject) => {
      child.once('error', (error) => {
        this.text += String(error);
        reject(error);
      });
      child.once('close', (code) => resolve(code));
      child.once('exit', () => running.delete(child));
    });
    this.exited.catch(() => undefined);
    for (const stream of [child.stdout, child.stderr]) this.read(stream);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything the program wrote, to both streams. */
  get output(): string {
    return this.text;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first line for which `matches` holds, or the end of the program as an error with its last words. */
  async waitForLog(matches: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    return eventually(
      () => this.logs.find(matches) ?? (this.hasExited ? ('exited' as const) : undefined),
      what,
      { timeoutMs: START_LIMIT_MS },
    ).then(
      (line) => {
        if (line !== 'exited') return line;
        throw new Error(`The program ended before "${what}":\n${this.text.slice(-4_000)}`);
      },
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.text.slice(-4_000)}`);
      },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGTERM, then the exit code; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (this.hasExited) return this.exited;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  async kill9(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.hasExited) return;
    this.child.kill('SIGKILL');
    await gone;
  }

  private read(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      this.text += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const parsed = parseLine(line);
        if (parsed) this.logs.push(parsed);
      }
    });
  }
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
