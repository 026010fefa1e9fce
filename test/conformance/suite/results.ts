import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type CheckStatus = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';

/** As the suites write it. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: CheckStatus;
  readonly errorMessage?: string;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly checks: readonly Check[];
}

/** Where a suite wrote what it found: one folder for each scenario, named `server-<scenario>-<time>`. */
const FOLDER = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/;

/** One entry for each scenario that was started; one that left no result has failed. */
export function readResults(directory: string, started: readonly string[]): readonly ScenarioResult[] {
  const found = new Map<string, readonly Check[]>();
  for (const folder of readdirSync(directory)) {
    const scenario = FOLDER.exec(folder)?.[1];
    const checks = scenario === undefined ? undefined : readChecks(join(directory, folder, 'checks.json'));
    if (scenario !== undefined && checks) found.set(scenario, checks);
  }
  return started.map((scenario) => ({ scenario, checks: found.get(scenario) ?? [noResult(scenario)] }));
}

/** Undefined when the scenario broke before its end. */
function readChecks(file: string): readonly Check[] | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Check[];
  } catch {
    return undefined;
  }
}

function noResult(scenario: string): Check {
  const description = 'The scenario leaves a result';
  return { id: scenario, name: scenario, description, status: 'FAILURE', errorMessage: 'It left none.' };
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly warned: number;
  /** Not made, because they are about something that this server does not offer, or the suite does not make them yet. */
  readonly skipped: number;
  readonly scenarios: number;
}

export function tally(results: readonly ScenarioResult[]): Tally {
  const checks = results.flatMap((result) => result.checks);
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  return {
    passed: count('SUCCESS'),
    failed: count('FAILURE'),
    warned: count('WARNING'),
    skipped: count('SKIPPED'),
    scenarios: results.length,
  };
}
