import { ALL_SETTINGS } from './schema.js';

/** One setting in words, for generated documents. */
export interface SettingDescription {
  readonly variable: string;
  readonly section: string;
  readonly type: string;
  readonly default: string;
  /** When it must be set; empty = never. */
  readonly required: string;
  /** Secrets may also be given as `<variable>_FILE`. */
  readonly secret: boolean;
  readonly doc: string;
}

/** Every setting, grouped by section, in the order of the documents. */
export function describeSettings(): readonly SettingDescription[] {
  return ALL_SETTINGS.map(({ env, section, type, defaultText, required, secret, doc }) => ({
    variable: env,
    section,
    type,
    default: defaultText,
    required,
    secret,
    doc,
  }));
}
