import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, parse, resolve } from 'node:path';
import { type EnvironmentVariables } from './environment.js';

/** The directory a person's keys and mail live in; a root there would hand them to a model. */
export function homeDirectory(env: EnvironmentVariables): string {
  return env['HOME'] || env['USERPROFILE'] || homedir();
}

/** Why a directory may not be a file root, or undefined. Links are followed, so they cannot hide the target. */
export function fileRootProblem(root: string, home: string): string | undefined {
  if (!isAbsolute(root)) return 'has an entry that is not absolute';
  const target = realPath(root);
  if (target === parse(target).root) return 'would open the whole disk';
  if (target === realPath(home)) return 'would open the whole home directory';
  return undefined;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
