/**
 * Text that fits into every place an error goes: cut to `limit` characters, without NUL and lone surrogates, both of
 * which PostgreSQL refuses in `jsonb`. Undefined for anything that is not a text or is blank.
 */
export function cleanText(value: unknown, limit: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.replaceAll('\0', '').trim();
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(/\p{Surrogate}/gu, '\uFFFD') || undefined;
}
