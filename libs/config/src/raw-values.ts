import { readFileSync, statSync } from 'node:fs';
import { type ConfigFault } from './config-error.js';
import { type EnvironmentVariables } from './environment.js';
import { isPlaceholder } from './refused-values.js';
import { type Setting } from './setting.js';

/** Reads settings one by one and collects what is wrong, so that all faults can be reported at once. */
export class RawValues {
  readonly faults: ConfigFault[] = [];
  readonly warnings: string[] = [];
  readonly secrets: string[] = [];

  constructor(
    private readonly env: EnvironmentVariables,
    private readonly production: boolean,
  ) {}

  fault(variable: string, problem: string, expected: string): void {
    this.faults.push({ variable, problem, expected });
  }

  /** The value or the default; after a fault the default, so that reading can go on. */
  read<T, F extends T | undefined>(setting: Setting<T> & { readonly fallback: F }): T | F {
    const text = setting.secret ? this.secretText(setting) : this.text(setting.env);
    if (text === undefined) return setting.fallback;
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    this.fault(setting.env, 'not valid', setting.type);
    return setting.fallback;
  }

  /** A provider's key; sample text from a template counts as no key. */
  readProviderKey(setting: Setting<string> & { readonly fallback: undefined }): string | undefined {
    const key = this.read(setting);
    if (key === undefined || !isPlaceholder(key)) return key;
    this.warnings.push(
      `${setting.env} holds a placeholder, not a key: the provider counts as having no key.`,
    );
    return undefined;
  }

  /** True when the variable, or for a secret its file variable, holds anything, valid or not. */
  isSet(setting: Setting<unknown>): boolean {
    const byFile = setting.secret && this.text(`${setting.env}_FILE`) !== undefined;
    return byFile || this.text(setting.env) !== undefined;
  }

  private text(name: string): string | undefined {
    return this.env[name]?.trim() || undefined;
  }

  private secretText(setting: Setting<unknown>): string | undefined {
    const fileVariable = `${setting.env}_FILE`;
    const path = this.text(fileVariable);
    let value = this.text(setting.env);
    if (path !== undefined) {
      if (value !== undefined) {
        this.fault(fileVariable, `set together with ${setting.env}`, 'one of the two');
        return undefined;
      }
      value = this.secretFile(fileVariable, path);
    }
    if (value !== undefined) this.secrets.push(...secretParts(value));
    return value;
  }

  private secretFile(variable: string, path: string): string | undefined {
    try {
      const value = readFileSync(path, 'utf8').trim();
      if (value === '') this.fault(variable, 'names an empty file', 'a file that holds the secret');
      this.checkMode(variable, path);
      return value || undefined;
    } catch {
      this.fault(variable, 'names a file that cannot be read', 'a readable file that holds the secret');
      return undefined;
    }
  }

  /** Group access stays allowed: orchestrators hand secrets to an unprivileged user that way. */
  private checkMode(variable: string, path: string): void {
    if (process.platform === 'win32' || (statSync(path).mode & 0o007) === 0) return;
    const problem = 'names a file that every user can read';
    if (this.production) this.fault(variable, problem, 'file mode 0600');
    else this.warnings.push(`${variable} ${problem}: change its mode to 0600.`);
  }
}

/** The value, and the password when it is a URL. Shorter passwords would redact ordinary words all over the log. */
function secretParts(value: string): readonly string[] {
  if (!URL.canParse(value)) return [value];
  const { password } = new URL(value);
  if (password.length < 8) return [value];
  return [value, password, decodeText(password)];
}

function decodeText(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
