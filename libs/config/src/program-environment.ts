import { delimiter, isAbsolute } from 'node:path';
import { type EnvironmentVariables } from './environment.js';

/** What a program needs to find its parts, the user's home and the language. No setting and no key is among them. */
const PASSED_ON = new Set(
  (
    'path home user logname lang language lc_all lc_ctype tz tmpdir temp tmp ' +
    'systemroot systemdrive windir comspec pathext userprofile appdata localappdata homedrive homepath'
  ).split(' '),
);

/**
 * The environment of a program that we start: an allow-list, so that no setting and no secret of ours reaches it.
 * A relative entry of PATH is dropped: it would find programs wherever the program happens to run.
 */
export function programEnvironment(
  environment: EnvironmentVariables = process.env,
): Readonly<Record<string, string>> {
  const passed = Object.entries(environment).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || !PASSED_ON.has(name.toLowerCase())) return [];
    return name.toLowerCase() === 'path' ? [['PATH', absolutePart(value)]] : [[name, value]];
  });
  return Object.fromEntries(passed);
}

function absolutePart(path: string): string {
  return path
    .split(delimiter)
    .filter((entry) => isAbsolute(entry))
    .join(delimiter);
}
