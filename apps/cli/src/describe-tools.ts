import { type InputSchema, type ToolEntry } from './tool-messages.js';

interface Property {
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly items?: Property;
}

export function listTools(tools: readonly ToolEntry[]): string {
  return table(tools.map(({ name, title = '' }) => [name, title]));
}

/** Description, arguments and a command line that works. */
export function describeTool({ name, title, description, inputSchema }: ToolEntry): string {
  const fields = propertiesOf(inputSchema);
  const required = new Set(inputSchema.required);
  const rows = fields.map(([field, property]) => [
    field,
    typeOf(property),
    required.has(field) ? 'required' : defaultOf(property),
    property.description ?? '',
  ]);
  return [
    `${name}${title ? ` - ${title}` : ''}`,
    ...(description ? ['', description] : []),
    '',
    ...(rows.length > 0 ? ['Arguments:', table(rows, '  ')] : ['It takes no arguments.']),
    '',
    'Example:',
    `  npx exai call ${[name, ...exampleWords(fields, required)].join(' ')}`,
  ].join('\n');
}

function propertiesOf(schema: InputSchema): [string, Property][] {
  return Object.entries(schema.properties ?? {}) as [string, Property][];
}

function typeOf({ type, enum: values, items }: Property): string {
  if (values) return values.map(String).join('|');
  const own = [type].flat().map(String).join('|');
  if (type === 'array') return `${items?.type === undefined ? 'value' : typeOf(items)}...`;
  return type === undefined ? 'any' : own;
}

function defaultOf({ default: value }: Property): string {
  return value === undefined ? '' : `default ${JSON.stringify(value)}`;
}

function exampleWords(fields: readonly [string, Property][], required: ReadonlySet<string>): string[] {
  return fields
    .filter(([name]) => required.has(name))
    .map(([name, property]) => `${name}=${example(name, property)}`);
}

function example(name: string, { type, enum: values, minimum, items }: Property): string {
  if (values) return String(values[0]);
  if (type === 'array') return example(name, items ?? {});
  if (type === 'integer' || type === 'number') return String(minimum ?? 1);
  if (type === 'boolean') return 'true';
  if (type === 'object') return "'{}'";
  return name === 'prompt' ? '"What is a race condition?"' : `"${name.replaceAll('_', ' ')}"`;
}

/** Columns as wide as their longest entry; the last one flows. */
function table(rows: readonly (readonly string[])[], indent = ''): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
