import { z } from 'zod';
import { type ParsedArguments, type ToolDefinition } from './define.js';
import { type JsonSchema } from './json-schema.js';

/** What is wrong with one argument. Names the place and what belongs there, never the value. */
export interface InputIssue {
  /** JSON pointer. */
  readonly pointer: string;
  readonly expected: string;
}

export type ParseResult =
  | { readonly ok: true; readonly args: ParsedArguments }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

export interface CompiledInput {
  readonly schema: JsonSchema;
  readonly parse: (args: unknown) => ParseResult;
}

const MAX_ISSUES = 50;
const MAX_NAME_LENGTH = 64;
/** PostgreSQL cannot hold these in a JSON document. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** @param maxTextChars limit of every string, but for those of fields with `ownLimit` in their metadata */
export function compileInput(definition: ToolDefinition, maxTextChars: number): CompiledInput {
  const validator = z.strictObject(definition.fields);
  const accepted = Object.keys(definition.fields);
  const hasOwnLimit = (name: string): boolean => definition.fields[name]?.meta()?.['ownLimit'] === true;
  return {
    schema: toJsonSchema(listedPart(definition)),
    parse(args) {
      if (!isPlainObject(args)) return { ok: false, issues: [{ pointer: '', expected: 'an object' }] };
      const result = validator.safeParse(withFieldNames(args, definition));
      if (!result.success) return { ok: false, issues: issuesOf(result.error, accepted) };
      const issues = Object.entries(result.data)
        .flatMap(([name, value]) => textFaults(value, [name], hasOwnLimit(name) ? Infinity : maxTextChars))
        .slice(0, MAX_ISSUES);
      return issues.length > 0 ? { ok: false, issues } : { ok: true, args: result.data };
    },
  };
}

/** Rarely used arguments are accepted and not shown: every shown one costs context in every session. */
function listedPart({ fields, unlisted = [] }: ToolDefinition): z.ZodType {
  return z.strictObject(
    Object.fromEntries(Object.entries(fields).filter(([name]) => !unlisted.includes(name))),
  );
}

/** Limits of length, the number that counting begins with, and defaults hold without being shown: no call needs them. */
function toJsonSchema(validator: z.ZodType): JsonSchema {
  const schema = z.toJSONSchema(validator, {
    io: 'input',
    target: 'draft-2020-12',
    override({ jsonSchema }) {
      // zod prints the safe-integer range of every integer: noise for a model.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.minimum === 1) delete jsonSchema.minimum;
      delete jsonSchema.maxLength;
      delete jsonSchema.maxItems;
      delete jsonSchema.default;
      delete jsonSchema['ownLimit'];
      if (jsonSchema['brief'] === true) dropShape(jsonSchema);
    },
  });
  // 2020-12 is what MCP assumes; naming it in every tool would only cost context.
  delete schema.$schema;
  return { ...schema, type: 'object' };
}

/** The description tells the shape in a few words; what does not fit it is still refused. */
function dropShape(jsonSchema: Record<string, unknown>): void {
  for (const part of ['brief', 'properties', 'required', 'additionalProperties']) delete jsonSchema[part];
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Aliases get their field's name (unless that is given too: then the alias is an unknown argument). */
function withFieldNames(
  args: Readonly<Record<string, unknown>>,
  { aliases = {}, ignored = [] }: ToolDefinition,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).flatMap(([name, value]) => {
      if (ignored.includes(name)) return [];
      const field = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
      return [[field !== undefined && !Object.hasOwn(args, field) ? field : name, value]];
    }),
  );
}

/** Limits that hold for every string, wherever it stands. */
function textFaults(value: unknown, path: readonly PropertyKey[], maxTextChars: number): InputIssue[] {
  if (typeof value === 'string') {
    const pointer = pointerOf(path);
    if (value.length > maxTextChars) return [{ pointer, expected: `at most ${maxTextChars} characters` }];
    return UNSTORABLE.test(value) ? [{ pointer, expected: 'text without U+0000 and lone surrogates' }] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textFaults(item, [...path, key], maxTextChars));
}

function issuesOf(error: z.ZodError, accepted: readonly string[]): InputIssue[] {
  return error.issues
    .flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, expected: expectationOf(issue) }];
      const names = issue.path.length === 0 ? accepted.join(', ') || 'none' : 'see the description';
      const expected = `no such argument; accepted: ${names}`;
      return issue.keys.map((key) => ({ path: [...issue.path, key], expected }));
    })
    .slice(0, MAX_ISSUES)
    .map(({ path, expected }) => ({ pointer: pointerOf(path), expected }));
}

function expectationOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  int: 'an integer',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => String(part).slice(0, MAX_NAME_LENGTH).replaceAll('~', '~0').replaceAll('/', '~1'))
    .map((part) => `/${part}`)
    .join('');
}
