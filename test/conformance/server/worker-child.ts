import { type EnvironmentVariables } from '#libs/config';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The worker with the fixture, as a process of its own. */
export class WorkerChild {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it takes jobs; rejects when it ends before that. */
  static async start(environment: EnvironmentVariables): Promise<WorkerChild> {
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      env: { ...environment },
      // Ctrl-C reaches the parent only, which stops it after the last answer.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error('The worker ended before it was ready; it says why above.');
    });
    ended.catch(() => undefined);
    await Promise.race([once(child, 'message'), ended]);
    return new WorkerChild(child);
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}
