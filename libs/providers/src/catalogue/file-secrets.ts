import { isPlaceholder } from '#libs/config';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { EnvironmentVariables } from '#libs/config';
import { keyVariableOf } from '../define.js';
import type { FileProvider } from './providers-file.schema.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
/** Headers whose value is a secret also when it is written out. */
const SECRET_HEADER = /auth|key|token|secret|cookie|password/i;

/** What reading keys and headers of the file collects on the way. */
export interface SecretFindings {
  readonly faults: string[];
  readonly warnings: string[];
  readonly secrets: string[];
  /** Files that hold a key, to be watched. */
  readonly files: string[];
}

/** The key of a provider, from wherever the file says it is; undefined = none. */
export function keyOf(
  provider: FileProvider,
  path: string,
  environment: EnvironmentVariables,
  found: SecretFindings,
): string | undefined {
  const place = `provider "${provider.id}", field`;
  const given = (['apiKey', 'apiKeyFile', 'apiKeyEnv'] as const).filter(
    (name) => provider[name] !== undefined,
  );
  if (given.length > 1) found.faults.push(`${place} ${given[1]}: set together with ${given[0]}`);
  let key: string | undefined;
  if (provider.apiKey !== undefined) {
    key = provider.apiKey;
    if (isReadableByOthers(path)) {
      found.warnings.push(
        `${path} holds a key of ${provider.id} and others can read it: change its mode to 0600.`,
      );
    }
  } else if (provider.apiKeyFile !== undefined) {
    const file = resolve(dirname(path), provider.apiKeyFile);
    found.files.push(file);
    key = readKeyFile(file);
    if (key === undefined)
      found.faults.push(`${place} apiKeyFile: names a file that is empty or cannot be read`);
  } else {
    key = environment[provider.apiKeyEnv ?? keyVariableOf(provider.id)]?.trim() || undefined;
  }
  if (key === undefined) return undefined;
  if (isPlaceholder(key)) {
    found.warnings.push(`${path}: the key of ${provider.id} is a placeholder and counts as none.`);
    return undefined;
  }
  found.secrets.push(key);
  return key;
}

/** The headers with the variables they refer to filled in. */
export function headersOf(
  provider: FileProvider,
  environment: EnvironmentVariables,
  found: SecretFindings,
): Record<string, string> {
  const entries = Object.entries(provider.headers ?? {}).map(([name, value]) => {
    const filled = value.replace(REFERENCE, (_text, variable: string) => {
      const content = environment[variable]?.trim();
      if (!content) {
        found.faults.push(
          `provider "${provider.id}", field headers.${name}: the variable ${variable} is not set`,
        );
        return '';
      }
      found.secrets.push(content);
      return content;
    });
    if (SECRET_HEADER.test(name)) found.secrets.push(filled);
    return [name, filled] as const;
  });
  return Object.fromEntries(entries);
}

function readKeyFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function isReadableByOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0;
}
