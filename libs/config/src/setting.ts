import { z } from 'zod';

/** One environment variable: where it lands in `Config`, how its text becomes a value, what the documents say. */
export interface Setting<T> {
  readonly env: string;
  readonly section: string;
  readonly key: string;
  /** From the trimmed, non-empty text of the variable. */
  readonly schema: z.ZodType<T, string>;
  readonly fallback: T | undefined;
  /** Accepted values in words; also the `expected` of a fault. */
  readonly type: string;
  readonly defaultText: string;
  readonly doc: string;
  readonly secret: boolean;
  readonly required: string;
}

/** A value's schema together with its description in words. */
export interface ValueKind<T> {
  readonly schema: z.ZodType<T, string>;
  readonly type: string;
}

interface SettingTexts {
  readonly doc: string;
  readonly defaultText?: string;
  readonly secret?: boolean;
  readonly required?: string;
}

/** A setting with a default value. */
export function setting<T>(
  env: string,
  place: `${string}.${string}`,
  kind: ValueKind<T>,
  fallback: T,
  texts: SettingTexts,
): Setting<T> & { readonly fallback: T } {
  const defaultText = texts.defaultText ?? (Array.isArray(fallback) ? fallback.join(',') : String(fallback));
  return { ...described(env, place, kind, texts), fallback, defaultText: defaultText || 'none' };
}

/** A setting that may be absent. */
export function optional<T>(
  env: string,
  place: `${string}.${string}`,
  kind: ValueKind<T>,
  texts: SettingTexts,
): Setting<T> & { readonly fallback: undefined } {
  return {
    ...described(env, place, kind, texts),
    fallback: undefined,
    defaultText: texts.defaultText ?? 'none',
  };
}

function described<T>(env: string, place: string, kind: ValueKind<T>, texts: SettingTexts) {
  const [section = '', key = ''] = place.split('.');
  return {
    env,
    section,
    key,
    schema: kind.schema,
    type: kind.type,
    doc: texts.doc,
    secret: texts.secret ?? false,
    required: texts.required ?? '',
  };
}
