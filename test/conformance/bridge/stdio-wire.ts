import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { MAIN } from '../../harness/paths.js';
import { minimalEnvironment } from '../../harness/standalone.js';
import { type Message, type Wire } from './wire.js';

const KILL_AFTER_MS = 10_000;

/** The shim as a client spawns it, beside the gateway at `url`. */
export function openStdioWire(url: string): Promise<Wire> {
  const child = spawn(process.execPath, [MAIN.cli, 'stdio', '--url', url], {
    env: minimalEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(child, 'close').then(() => undefined);
  // A shim that ended takes no more lines; whoever waits for an answer hears it from `closed`.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  return Promise.resolve({
    send: (message: Message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    onMessage: (listener: (message: Message) => void) =>
      void lines.on('line', (line) => listener(JSON.parse(line) as Message)),
    closed,
    close: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await closed;
      clearTimeout(timer);
    },
  });
}
