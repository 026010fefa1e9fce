#!/usr/bin/env node
// Starts the built command line. In a fresh clone, where nothing is built yet, it builds first.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const main = join(root, 'dist/apps/cli/src/main.js');

if (!existsSync(main)) build();
await import(pathToFileURL(main).href);

function build() {
  const compiler = join(root, 'node_modules/@swc/cli/bin/swc.js');
  if (!existsSync(compiler)) fail('EX-AI is not built yet: run `npm run build` in its directory.');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const args = scripts.build.split(/\s+/).slice(1);
  // Beside `dist` and then moved there whole: another start may be under way, and half a build would break it.
  const output = args.indexOf('dist');
  const draft = `dist.${process.pid}.tmp`;
  const isFresh = output >= 0 && !existsSync(join(root, 'dist'));
  if (isFresh) args[output] = draft;
  // Standard output belongs to the command, which may be the `stdio` server.
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (isFresh) moveIntoPlace(join(root, draft), status === 0);
  if (status !== 0) fail('The build failed: run `npm run build` to see why.');
}

function moveIntoPlace(draft, isComplete) {
  try {
    if (isComplete) renameSync(draft, join(root, 'dist'));
  } catch {
    // The other start was faster; its build is as good.
  }
  rmSync(draft, { recursive: true, force: true });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
