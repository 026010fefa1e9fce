import { type ChildProcess } from 'node:child_process';

/** A program that has not ended this long after it was asked to is killed. */
const KILL_AFTER_MS = 1_500;

const running = new Set<ProcessGroup>();

/** A program and everything it has started, stopped together. Nothing of it outlives this process either. */
export class ProcessGroup {
  private killing: NodeJS.Timeout | undefined;

  constructor(private readonly leader: ChildProcess) {
    if (running.size === 0) process.once('exit', killAll);
    running.add(this);
  }

  /** Asks all to end, and kills what is left soon after. */
  stop(): void {
    if (this.killing) return;
    this.signal('SIGTERM');
    this.killing = setTimeout(() => this.signal('SIGKILL'), KILL_AFTER_MS);
  }

  /** Kills what the program has left behind. */
  end(): void {
    clearTimeout(this.killing);
    this.signal('SIGKILL');
    running.delete(this);
    if (running.size === 0) process.removeListener('exit', killAll);
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.leader;
    if (pid === undefined) return;
    try {
      // Windows has no process groups.
      if (process.platform === 'win32') this.leader.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}

function killAll(): void {
  for (const group of running) group.signal('SIGKILL');
}
