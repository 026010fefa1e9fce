import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { programEnvironment } from '#libs/config';

/**
 * The absolute path of a program.
 * @param command an absolute path, or a plain name that is looked for in PATH
 * @returns undefined when there is no such program
 */
export function findProgram(command: string): string | undefined {
  const { PATH = '', PATHEXT = '' } = programEnvironment();
  const endings = process.platform === 'win32' ? ['', ...PATHEXT.split(';')] : [''];
  const places = isAbsolute(command) ? [''] : PATH.split(delimiter);
  if (!isAbsolute(command) && /[/\\]/.test(command)) return undefined;
  return places
    .flatMap((place) => endings.map((ending) => join(place, `${command}${ending}`)))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
