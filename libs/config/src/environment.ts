import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** Names and values as a process receives them. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/**
 * A copy of the process environment, filled up from `<cwd>/.env` where that file exists; the process wins.
 * Prints nothing. Throws when the file exists and cannot be read.
 */
export function readEnvironment(cwd: string = process.cwd()): EnvironmentVariables {
  return { ...readEnvFile(join(cwd, '.env')), ...process.env };
}

function readEnvFile(path: string): EnvironmentVariables {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  return parseEnv(text);
}
