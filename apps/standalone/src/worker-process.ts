import { type EnvironmentVariables } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { type Logger } from '#libs/observability';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const WORKER_MAIN = fileURLToPath(new URL('../../worker/src/main.js', import.meta.url));
const RESTART_MS = [100, 500, 2_000, 5_000];
/** A worker that ran this long was not failing at its start. */
const STABLE_MS = 30_000;
/** Beyond its own drain limit. */
const KILL_AFTER_MS = 5_000;

/**
 * The worker as a child process, started again when it dies: a tool that crashes it takes no socket along.
 * In a process group of its own, so that Ctrl-C reaches the parent only, which stops it after the last answer.
 */
export class WorkerProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  private failures = 0;

  constructor(
    private readonly environment: EnvironmentVariables,
    private readonly drainTimeoutMs: number,
    private readonly logger: Logger,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the worker takes jobs; rejects when it ends before that. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = this.spawn();
      child.once('message', () => resolve());
      child.once('exit', (code) =>
        reject(
          new ExaiError(code === 69 ? 'STORE_UNAVAILABLE' : code === 78 ? 'CONFIG_INVALID' : 'INTERNAL', {
            reason: 'The worker did not start; it says why above.',
          }),
        ),
      );
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.drainTimeoutMs + KILL_AFTER_MS);
    await exited;
    clearTimeout(timer);
  }

  private spawn(): ChildProcess {
    const child = fork(WORKER_MAIN, [], {
      env: this.environment,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    const startedAt = Date.now();
    child.once('message', () =>
      child.once('exit', (code, signal) => void this.restart(startedAt, code ?? signal)),
    );
    return child;
  }

  private async restart(startedAt: number, reason: number | string | null): Promise<void> {
    if (this.stopping) return;
    this.failures = Date.now() - startedAt > STABLE_MS ? 0 : this.failures + 1;
    const pause = RESTART_MS[Math.min(this.failures, RESTART_MS.length - 1)] ?? 0;
    this.logger.error({ reason, pause }, 'the worker died; starting another');
    await delay(pause);
    if (this.stopping) return;
    await this.start().catch((error: unknown) => {
      this.logger.error({ err: error }, 'the new worker did not start');
      return this.restart(startedAt, 'start');
    });
  }
}
