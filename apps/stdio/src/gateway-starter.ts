import { PRODUCT } from '#libs/config';
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** How long a gateway may take until it answers. */
export const START_LIMIT_MS = 20_000;
/** It goes away by itself when its last client has been gone this long. */
const IDLE_SECONDS = 30;
const MAX_LOG_BYTES = 5 * 1024 * 1024;
const LAST_WORDS_BYTES = 2_000;
/** Passable for the database's own user, readable by nobody else. */
const DIRECTORY_MODE = 0o711;

export type StartState = { readonly kind: 'starting' } | { readonly kind: 'failed'; readonly reason: string };

/**
 * Starts the standalone as a program of its own that outlives this one and is shared with other shims. Of shims
 * that want to at the same moment one starts it; the others find its mark in the data directory and only wait.
 */
export class GatewayStarter {
  private exit: { readonly code: number | null } | undefined;
  private ownsMark = false;

  constructor(private readonly dataDir: string) {}

  get logFile(): string {
    return join(this.dataDir, 'gateway.log');
  }

  private get mark(): string {
    return join(this.dataDir, 'gateway.starting');
  }

  /** @throws the error of the file system when the data directory is not writable */
  start(): void {
    this.exit = undefined;
    mkdirSync(this.dataDir, { recursive: true, mode: DIRECTORY_MODE });
    if (!this.takeMark()) return;
    this.ownsMark = true;
    const log = this.openLog();
    const script = join(PRODUCT.root, 'apps/cli/bin/exai.js');
    const args = [script, 'start', '--exit-when-idle', String(IDLE_SECONDS), '--data-dir', this.dataDir];
    const child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    closeSync(log);
    child.once('error', () => (this.exit = { code: null }));
    child.once('exit', (code) => (this.exit = { code }));
    child.unref();
    // Names the one that starts, so that the mark of a program that died is worth nothing.
    if (child.pid !== undefined) writeFileSync(this.mark, String(child.pid));
  }

  get state(): StartState {
    // 0: it found a gateway running already.
    if (!this.exit || this.exit.code === 0) return { kind: 'starting' };
    return { kind: 'failed', reason: `it was started here and ended at once${this.lastWords()}` };
  }

  /** The gateway answers, or it never will. */
  end(): void {
    if (this.ownsMark) rmSync(this.mark, { force: true });
    this.ownsMark = false;
  }

  private takeMark(): boolean {
    if (this.createMark()) return true;
    if (this.isMarkLive()) return false;
    rmSync(this.mark, { force: true });
    return this.createMark();
  }

  private createMark(): boolean {
    try {
      writeFileSync(this.mark, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  private isMarkLive(): boolean {
    try {
      const { mtimeMs } = statSync(this.mark);
      if (Date.now() - mtimeMs > START_LIMIT_MS) return false;
      process.kill(Number(readFileSync(this.mark, 'utf8')), 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  private openLog(): number {
    try {
      if (statSync(this.logFile).size > MAX_LOG_BYTES) renameSync(this.logFile, `${this.logFile}.1`);
    } catch {
      // There is none yet.
    }
    return openSync(this.logFile, 'a', 0o600);
  }

  /** The sentence with which a server that cannot start ends. */
  private lastWords(): string {
    try {
      const text = readFileSync(this.logFile, 'utf8').slice(-LAST_WORDS_BYTES);
      const line = text.split('\n').findLast((candidate) => /^[A-Z_]+: /.test(candidate));
      return line === undefined ? `; see ${this.logFile}` : ` (${line.trim()})`;
    } catch {
      return '';
    }
  }
}
