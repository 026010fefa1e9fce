import { ExaiError, toExaiError } from '#libs/errors';
import { z } from 'zod';

/** A whole number in a query string. */
export function wholeNumber(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string(expected)
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, expected)
    .transform(Number);
}

/**
 * The query of a request, which may hold nothing but what the schema names.
 * @throws ExaiError INVALID_PARAMS that names the first parameter that is wrong
 */
export function readQuery<T extends z.ZodRawShape>(
  shape: T,
  query: unknown,
): z.output<z.ZodObject<T, z.core.$strict>> {
  const parsed = z.strictObject(shape).safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = toExaiError(parsed.error).details.issues ?? [];
  const field = issue?.pointer.slice(1) ?? 'query';
  const known = field in shape;
  throw new ExaiError('INVALID_PARAMS', {
    field,
    reason: known ? `expected ${issue?.expected ?? 'another value'}` : 'there is no such parameter',
    suggestions: known ? [] : Object.keys(shape),
  });
}
