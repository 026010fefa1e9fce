import { usageFailure } from './cli-failure.js';
import { type InputSchema } from './tool-messages.js';

type Property = Readonly<{ type?: unknown; items?: unknown; anyOf?: unknown; oneOf?: unknown }>;

/**
 * `name=value` words as arguments of a tool, typed by its schema. A value that does not fit travels as it was
 * typed: the gateway checks all arguments and names every fault at once.
 * @param schema absent when the tool may not be listed; values are then taken as JSON where they are some
 * @throws CliFailure for a word that is no assignment
 */
export function parseAssignments(
  words: readonly string[],
  schema: InputSchema | undefined,
): Record<string, unknown> {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const [, name, value] = /^([A-Za-z_][\w-]*)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw usageFailure(
        `"${word.slice(0, 60)}" is no argument.`,
        'Write arguments as name=value, for example prompt="Hello".',
      );
    }
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries(
    [...values].map(([name, texts]) => [name, valueOf(name, texts, propertyOf(schema, name))]),
  );
}

/** The JSON object of `--input`. @throws CliFailure */
export function parseInput(text: string, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageFailure(`${source} is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageFailure(`${source} must hold one JSON object with the arguments of the tool.`);
  }
  return value as Record<string, unknown>;
}

export function hasField(schema: InputSchema | undefined, name: string): boolean {
  return schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
}

function propertyOf(schema: InputSchema | undefined, name: string): Property | undefined {
  return hasField(schema, name) ? (schema?.properties?.[name] as Property) : undefined;
}

function valueOf(name: string, texts: readonly string[], property: Property | undefined): unknown {
  const [text = ''] = texts;
  const types = typesOf(property);
  if (types.has('array')) {
    const list = texts.length === 1 ? jsonOf(text, '[') : undefined;
    return list ?? texts.map((item) => scalarOf(item, property?.items as Property | undefined));
  }
  if (texts.length === 1) return scalarOf(text, property);
  if (property === undefined) return texts.map((item) => scalarOf(item, undefined));
  throw usageFailure(`The argument ${name} was given ${texts.length} times but holds one value.`);
}

function scalarOf(text: string, property: Property | undefined): unknown {
  const types = typesOf(property);
  if (types.size === 0) return guess(text);
  if (types.has('boolean') && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if ((types.has('number') || types.has('integer')) && isNumber(text)) return Number(text);
  if (types.has('object')) return jsonOf(text, '{') ?? text;
  return text;
}

/** Nothing is known about the argument: plain JSON values are those, all else is text. */
function guess(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (isNumber(text)) return Number(text);
  return jsonOf(text, '{') ?? jsonOf(text, '[') ?? text;
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
}

function jsonOf(text: string, opening: '{' | '['): unknown {
  if (!text.trimStart().startsWith(opening)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function typesOf(property: Property | undefined): Set<string> {
  if (!property) return new Set();
  const variants = [property.anyOf, property.oneOf].flatMap((list: unknown) =>
    Array.isArray(list) ? (list as Property[]) : [],
  );
  const own = [property.type].flat().filter((type) => typeof type === 'string');
  return new Set([...own, ...variants.flatMap((variant) => [...typesOf(variant)])]);
}
