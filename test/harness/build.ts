import { spawnSync } from 'node:child_process';
import { ROOT } from './paths.js';

/**
 * Vitest's global setup: the suites start the built program, and servers of test/conformance and test/interop that
 * add to it, so all are built once before the first of them.
 */
export default function build(): void {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'build:interop'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed:\n${stderr}`);
}
