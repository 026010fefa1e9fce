import { z } from 'zod';

type WithoutDefault<T> = T extends z.ZodDefault<infer Inner> ? Inner : T;

export type PartOf<S extends z.core.$ZodShape> = {
  [K in keyof S]: z.ZodOptional<WithoutDefault<S[K]>>;
};

/** The same fields, each optional and without its default: an override must not reset what it does not name. */
export function partOf<S extends z.core.$ZodShape>(shape: S): PartOf<S> {
  const entries = Object.entries(shape).map(([name, field]) => [
    name,
    z.optional(field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)),
  ]);
  return Object.fromEntries(entries) as PartOf<S>;
}
