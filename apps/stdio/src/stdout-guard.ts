import { Console } from 'node:console';

export interface ProtocolOutput {
  /** Writes one line; false when the reader is slow. */
  write(line: string): boolean;
  onDrain(callback: () => void): void;
  /** The reader is gone. */
  onBroken(callback: () => void): void;
  /** Resolves when all of it has left this process. */
  flush(): Promise<void>;
}

/**
 * Takes standard output for protocol lines alone. Whatever else is written there, by `console` or by a library,
 * goes to standard error: one stray byte and the client takes the stream for broken.
 */
export function claimStdout(): ProtocolOutput {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  globalThis.console = new Console(stderr);
  return {
    write: (line) => write(`${line}\n`),
    onDrain: (callback) => void stdout.on('drain', callback),
    onBroken: (callback) => void stdout.on('error', callback),
    flush: () => new Promise((resolve) => write('', () => resolve())),
  };
}
