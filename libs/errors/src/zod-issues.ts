import { type ErrorIssue } from './entry.js';

const MAX_ISSUES = 50;
const MAX_KEY = 64;

type Issue = Readonly<Record<string, unknown>>;

/** The issues of a zod error by JSON pointer, or undefined for anything else. Says what was expected, never what was sent. */
export function issuesOf(error: unknown): readonly ErrorIssue[] | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, issues } = error as Issue;
  if ((name !== 'ZodError' && name !== '$ZodError') || !Array.isArray(issues)) return undefined;
  return (issues as Issue[]).flatMap((issue) => described(issue, [])).slice(0, MAX_ISSUES);
}

function described(issue: Issue, base: readonly unknown[]): readonly ErrorIssue[] {
  const path = [...base, ...(Array.isArray(issue['path']) ? (issue['path'] as unknown[]) : [])];
  if (issue['code'] === 'unrecognized_keys') {
    return texts(issue['keys']).map((key) => ({
      pointer: pointerOf([...path, key]),
      expected: 'no such argument',
    }));
  }
  return [{ pointer: pointerOf(path), expected: expectedOf(issue) }];
}

function expectedOf(issue: Issue): string {
  switch (issue['code']) {
    case 'invalid_type':
      return textOr(issue['expected'], 'another type');
    case 'invalid_value':
      return `one of ${texts(issue['values']).join(', ')}`;
    case 'too_small':
      return `${issue['inclusive'] === false ? 'more than' : 'at least'} ${size(issue, 'minimum')}`;
    case 'too_big':
      return `${issue['inclusive'] === false ? 'less than' : 'at most'} ${size(issue, 'maximum')}`;
    case 'invalid_format':
      return `the format ${textOr(issue['format'], 'of the schema')}`;
    case 'not_multiple_of':
      return `a multiple of ${textOr(issue['divisor'], 'the step')}`;
    case 'invalid_union':
      return unionOf(issue['errors']);
    case 'custom':
      // Written beside the schema by us, so it names a rule and not a value.
      return textOr(issue['message'], 'a value the tool accepts').slice(0, 200);
    default:
      return 'a value the tool accepts';
  }
}

function unionOf(branches: unknown): string {
  if (!Array.isArray(branches)) return 'one of the accepted forms';
  const forms = (branches as unknown[])
    .flatMap((branch) => (Array.isArray(branch) ? (branch as Issue[]) : []))
    .filter((issue) => !Array.isArray(issue['path']) || issue['path'].length === 0)
    .map(expectedOf);
  return forms.length === 0 ? 'one of the accepted forms' : [...new Set(forms)].join(' or ');
}

function size(issue: Issue, bound: 'minimum' | 'maximum'): string {
  const units: Record<string, string> = {
    string: ' characters',
    array: ' items',
    set: ' items',
    file: ' bytes',
  };
  return `${textOr(issue[bound], 'the limit')}${units[textOr(issue['origin'], '')] ?? ''}`;
}

function pointerOf(path: readonly unknown[]): string {
  return path
    .map((key) => `/${String(key).slice(0, MAX_KEY).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function textOr(value: unknown, substitute: string): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : substitute;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((item: unknown) => String(item)) : [];
}
