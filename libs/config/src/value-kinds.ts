import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopbackHost } from './loopback.js';
import { type ValueKind } from './setting.js';

export const text: ValueKind<string> = { type: 'text', schema: z.string() };

export function integer(min: number, max: number, unit = ''): ValueKind<number> {
  const number = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(min).max(max));
  return { type: `whole number ${min}–${max}${unit && ` (${unit})`}`, schema: number };
}

/** An amount above nothing, as `0.5` or `20`. */
export function amount(unit: string): ValueKind<number> {
  const number = z
    .string()
    .regex(/^\d+(?:\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().positive());
  return { type: `number above 0 (${unit})`, schema: number };
}

/** `true` and `false`, also as on, off, yes, no, 1 and 0. */
export const flag: ValueKind<boolean> = {
  type: 'true, false',
  schema: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['true', 'on', 'yes', '1', 'false', 'off', 'no', '0']))
    .transform((value) => ['true', 'on', 'yes', '1'].includes(value)),
};

export function choice<const V extends string>(values: readonly [V, ...V[]]): ValueKind<V> {
  return { type: values.join(', '), schema: z.string().toLowerCase().pipe(z.enum(values)) };
}

/** Comma-separated, blanks trimmed, empty entries dropped, duplicates kept once. */
export function list(type: string, entry: z.ZodType<string, string> = z.string()): ValueKind<string[]> {
  const entries = z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
  return {
    type: `comma-separated list of ${type}`,
    schema: entries.pipe(z.array(entry)).transform((items) => [...new Set(items)]),
  };
}

/** A BCP 47 language tag, in its canonical form. */
export const languageTag: ValueKind<string> = {
  type: 'BCP 47 language tag, for example de or pt-BR',
  schema: z.string().transform((value, context) => {
    try {
      const [tag] = Intl.getCanonicalLocales(value);
      if (tag !== undefined) return tag;
    } catch {
      // Reported below, in the words of the setting.
    }
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  }),
};

export const lowerCaseName = z.string().toLowerCase();

export const address: ValueKind<string> = {
  type: 'IP address or host name',
  schema: z
    .string()
    .toLowerCase()
    .refine((value) => isIP(value) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value)),
};

/** A host name as a `Host` header shows it, without the port. */
export const hostName = z.string().transform((value, context) => {
  const url = /[/?#@\s*]/.test(value) ? null : parseUrl(`http://${isIP(value) === 6 ? `[${value}]` : value}`);
  if (url === null || url.hostname === '') {
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  }
  return url.hostname.replace(/\.$/, '');
});

/** `scheme://host[:port]` exactly as browsers send it. */
export const origin = z.string().transform((value, context) => {
  const url = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*]+$/i.test(value) ? parseUrl(value) : null;
  if (url === null) {
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  }
  return `${url.protocol}//${url.host}`;
});

/** A URL of one of the schemes; no fragment, and unless allowed no user name and password. Trailing slashes go. */
export function url(
  type: string,
  schemes: readonly string[],
  options: { readonly credentials?: boolean; readonly query?: boolean } = {},
): ValueKind<string> {
  const accepts = (value: string): boolean => {
    const parsed = parseUrl(value);
    if (parsed === null || !schemes.includes(parsed.protocol) || parsed.hash !== '') return false;
    if (!options.credentials && (parsed.username !== '' || parsed.password !== '')) return false;
    return options.query === true || parsed.search === '';
  };
  return {
    type,
    schema: z
      .string()
      .refine(accepts)
      .transform((value) => (options.query ? value : value.replace(/\/+$/, ''))),
  };
}

/** A model server of the operator's own, which often speaks plain HTTP inside its network. */
export const serverUrl: ValueKind<string> = url('http or https URL without credentials', ['https:', 'http:']);

/** A vendor's address carries the API key, so plain HTTP is for this machine only. */
export const vendorUrl: ValueKind<string> = {
  type: 'https URL without credentials (http on loopback only)',
  schema: url('', ['https:', 'http:'], { query: false }).schema.refine((value) => {
    const parsed = new URL(value);
    return parsed.protocol === 'https:' || isLoopbackHost(parsed.hostname);
  }),
};

function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}
