import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../harness/paths.js';
import { readResults, type ScenarioResult } from './results.js';
import { type Suite } from './suites.js';

const SHIM = pathToFileURL(join(ROOT, 'test/conformance/fs-globsync-shim.mjs')).href;
/** The longest takes a tenth of it on an idle machine. */
const LIMIT_MS = 8 * 60_000;
const SCENARIO = /^=== Running scenario: (\S+) ===$/;

export interface SuiteRunOptions {
  /** Called as each scenario begins. */
  readonly onScenario?: (scenario: string) => void;
  /** Called with everything the suite writes. */
  readonly onOutput?: (text: string) => void;
}

export interface SuiteOutcome {
  readonly results: readonly ScenarioResult[];
  readonly seconds: number;
}

/**
 * Runs an official suite as its authors publish it, in a process of its own.
 * @param url where the server answers, with path
 * @throws Error when the suite itself does not start or ends without a single scenario
 */
export async function runSuite(
  suite: Suite,
  url: string,
  { onScenario, onOutput }: SuiteRunOptions = {},
): Promise<SuiteOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'exai-conformance-'));
  const began = performance.now();
  const program = join(ROOT, 'node_modules', suite.package, 'dist/index.js');
  const args = ['--import', SHIM, program, 'server', '--url', url, ...suite.args, '-o', directory];
  const child = spawn(process.execPath, args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  const started: string[] = [];
  let output = '';
  let line = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      output += chunk;
      onOutput?.(chunk);
    });
  }
  child.stdout.on('data', (chunk: string) => {
    const lines = (line + chunk).split('\n');
    line = lines.pop() ?? '';
    for (const scenario of lines.flatMap((text) => SCENARIO.exec(text)?.[1] ?? [])) {
      started.push(scenario);
      onScenario?.(scenario);
    }
  });
  try {
    await once(child, 'close');
    if (started.length === 0) throw new Error(`The suite ran nothing:\n${output.slice(-2_000)}`);
    return { results: readResults(directory, started), seconds: (performance.now() - began) / 1_000 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
