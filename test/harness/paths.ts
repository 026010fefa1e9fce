import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRODUCT } from '#libs/config';

/** The checkout, without a trailing slash. */
export const ROOT = PRODUCT.root;

export const MAIN = {
  standalone: join(ROOT, 'dist/apps/standalone/src/main.js'),
  gateway: join(ROOT, 'dist/apps/gateway/src/main.js'),
  worker: join(ROOT, 'dist/apps/worker/src/main.js'),
  cli: join(ROOT, 'apps/cli/bin/exai.js'),
} as const;

/** A fresh directory that other users may enter: PostgreSQL runs as one when the tests run as root. */
export function temporaryDirectory(mode = 0o755): string {
  const directory = mkdtempSync(join(tmpdir(), 'exai-test-'));
  chmodSync(directory, mode);
  return directory;
}
