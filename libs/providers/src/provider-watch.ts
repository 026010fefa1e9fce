import { stat } from 'node:fs/promises';
import type { ProviderRegistry } from './provider-registry.js';

const POLL_MS = 2_000;

/** What the watch tells, once per happening. */
export interface WatchLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Reloads the registry when one of its files changes and when the process gets SIGHUP. Looks at the files by itself:
 * mounted secrets are exchanged by a link, which the notifications of the system do not see.
 */
export class ProviderWatch {
  private timer: NodeJS.Timeout | undefined;
  private seen = '';
  private lastFault: string | undefined;
  private readonly onSignal = (): void => this.reload('SIGHUP');

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly log: WatchLog,
    private readonly pollMs: number = POLL_MS,
  ) {}

  async start(): Promise<void> {
    this.seen = await stateOf(this.registry.watchedFiles);
    this.timer = setTimeout(() => void this.poll(), this.pollMs).unref();
    // At a terminal the signal says that the terminal was closed.
    if (!process.stdin.isTTY && !process.stderr.isTTY) process.on('SIGHUP', this.onSignal);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    process.off('SIGHUP', this.onSignal);
  }

  private async poll(): Promise<void> {
    const state = await stateOf(this.registry.watchedFiles);
    if (!this.timer) return;
    if (state !== this.seen) {
      this.seen = state;
      this.reload('a file changed');
      // A changed file may name other files to watch.
      this.seen = await stateOf(this.registry.watchedFiles);
    }
    if (this.timer) this.timer = setTimeout(() => void this.poll(), this.pollMs).unref();
  }

  private reload(reason: string): void {
    try {
      this.registry.reload();
      this.lastFault = undefined;
      this.log.info(
        { reason, revision: this.registry.revision },
        `providers read again: ${this.registry.summary()}`,
      );
    } catch (error) {
      const fault = this.registry.reloadFault ?? String(error);
      if (fault !== this.lastFault) {
        this.log.error({ reason }, `the providers stay as they were: ${fault}`);
      }
      this.lastFault = fault;
    }
  }
}

/** Changes whenever one of the files does, also by a link that leads elsewhere. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then(
        ({ mtimeNs, ino, size }) => `${file} ${mtimeNs} ${ino} ${size}`,
        () => `${file} absent`,
      ),
    ),
  );
  return states.join('\n');
}
