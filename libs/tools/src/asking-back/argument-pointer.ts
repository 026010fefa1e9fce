import { type ParsedArguments } from '../define.js';

/** Two steps at most: a field, and an item of its list. */
const POINTER = /^\/(?<field>\w+)(?:\/(?<index>\d+))?$/;

/** The text that a JSON pointer leads to; undefined = none stands there. */
export function textAt(args: ParsedArguments, pointer: string): string | undefined {
  const { field, index } = stepsOf(pointer);
  const value = field === undefined || !Object.hasOwn(args, field) ? undefined : args[field];
  const text = index === undefined ? value : Array.isArray(value) ? (value[index] as unknown) : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** The arguments with another text in that place; where none stands they stay as they are. */
export function withTextAt(args: ParsedArguments, pointer: string, text: string): ParsedArguments {
  if (textAt(args, pointer) === undefined) return args;
  const { field = '', index } = stepsOf(pointer);
  if (index === undefined) return { ...args, [field]: text };
  return { ...args, [field]: (args[field] as readonly unknown[]).with(index, text) };
}

function stepsOf(pointer: string): { field?: string; index?: number } {
  const { field, index } = POINTER.exec(pointer)?.groups ?? {};
  return { ...(field !== undefined && { field }), ...(index !== undefined && { index: Number(index) }) };
}
