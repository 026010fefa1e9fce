import { createHash } from 'node:crypto';
import { type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { closestNames } from '#libs/config';
import { type ToolAnnotations, type ToolDefinition, type ToolIcon, type ToolKind } from './define.js';
import { type JsonSchema } from './json-schema.js';
import { compileInput, type InputIssue, type ParseResult } from './tool-input.js';

export type { InputIssue, JsonSchema, ParseResult };

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  /** Absent: its answers follow none. */
  readonly outputSchema?: JsonSchema;
  readonly annotations: ToolAnnotations;
  readonly icons?: readonly ToolIcon[];
}

export interface CompiledTool {
  readonly definition: ToolDefinition;
  readonly kind: ToolKind;
  readonly listed: ListedTool;
  /** Defaults filled in, or all faults at once. */
  readonly parse: (args: unknown) => ParseResult;
}

type CatalogConfig = Pick<Config, 'tools' | 'limits'>;

const NAME = /^[a-z0-9_-]{1,48}$/;
const MAX_DESCRIPTION = 1_024;
// Control, zero-width, bidi: text a person does not see and a model does.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** A prompt over the limit is answered with advice (`resend_prompt`); only far beyond it arguments are refused. */
const HARD_TEXT_FACTOR = 4;

/** Holds for answers and for errors: clients check both against it. Short, as it stands in the list once per tool. */
const OUTPUT_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    status: { type: 'string' },
    metadata: { type: 'object' },
  },
  required: ['status', 'metadata'],
};

/** Kinds whose calls may hold more than one question, or one that takes long. */
const LONG_KINDS: readonly ToolKind[] = ['workflow', 'consensus'];

const TIERS_OF_PROFILE = {
  lean: ['essential', 'core'],
  standard: ['essential', 'core', 'advanced'],
  full: ['essential', 'core', 'advanced', 'hidden'],
} as const;

/** The selected tools, checked and compiled once. Nothing in it changes afterwards. */
export class ToolCatalog {
  /** SHA-256 of the list: two processes with the same digest offer the same tools. */
  readonly digest: string;
  private readonly listed: readonly ListedTool[];

  private constructor(
    private readonly tools: ReadonlyMap<string, CompiledTool>,
    /** How many tools the configuration selects. */
    readonly expected: number,
    private readonly config: CatalogConfig,
  ) {
    this.listed = Object.freeze([...tools.values()].map((tool) => tool.listed));
    this.digest = createHash('sha256').update(JSON.stringify(this.listed)).digest('hex');
  }

  /** @throws ExaiError CONFIG_INVALID for a faulty definition or an unknown name in the configuration. */
  static build(definitions: readonly ToolDefinition[], config: CatalogConfig): ToolCatalog {
    for (const definition of definitions) checkDefinition(definition, definitions);
    const selected = select(definitions, config).sort((a, b) => (a.name < b.name ? -1 : 1));
    const maxTextChars = config.limits.maxPromptChars * HARD_TEXT_FACTOR;
    const tools = new Map(selected.map((definition) => [definition.name, compile(definition, maxTextChars)]));
    return new ToolCatalog(tools, selected.length, config);
  }

  /** Sorted by name. */
  list(): readonly ListedTool[] {
    return this.listed;
  }

  find(name: string): CompiledTool | undefined {
    return this.tools.get(name);
  }

  /** Names that look like `name`, nearest first. */
  closest(name: string): string[] {
    return closestNames(name, [...this.tools.keys()]);
  }

  get size(): number {
    return this.tools.size;
  }

  /** How long a call of this tool may take when its caller does not say. */
  timeoutMs({ kind, definition }: CompiledTool): number {
    const { simpleTimeoutMs, workflowTimeoutMs } = this.config.tools;
    const ofKind = LONG_KINDS.includes(kind) ? workflowTimeoutMs : simpleTimeoutMs;
    const own = definition.kind === 'program' ? definition.timeoutMs : ofKind;
    return Math.min(own, this.config.limits.maxCallMs);
  }
}

function select(definitions: readonly ToolDefinition[], { tools }: CatalogConfig): ToolDefinition[] {
  const names = definitions.map((definition) => definition.name);
  const enabled = tools.enabled.map(normalise);
  const disabled = tools.disabled.map(normalise);
  refuseUnknown('ENABLED_TOOLS', enabled, names);
  refuseUnknown('DISABLED_TOOLS', disabled, names);
  const tiers: readonly string[] = TIERS_OF_PROFILE[tools.profile];
  return definitions
    .filter(({ name, tier }) => (enabled.length > 0 ? enabled.includes(name) : tiers.includes(tier)))
    .concat(definitions.filter((definition) => definition.alwaysListed))
    .filter((definition, index, all) => all.indexOf(definition) === index)
    .filter(({ name }) => !disabled.includes(name));
}

function normalise(name: string): string {
  return name.trim().toLowerCase();
}

function refuseUnknown(variable: string, wanted: readonly string[], names: readonly string[]): void {
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const suggestions = closestNames(unknown, names);
  const advice =
    suggestions[0] === undefined ? `Known: ${names.join(', ')}.` : `Did you mean "${suggestions[0]}"?`;
  throw new ExaiError('CONFIG_INVALID', {
    variable,
    reason: `${variable} names the tool "${unknown}", which does not exist. ${advice}`,
    suggestions,
  });
}

function checkDefinition(definition: ToolDefinition, all: readonly ToolDefinition[]): void {
  const { name, title, description, fields } = definition;
  if (!NAME.test(name)) throw faulty(name, 'its name is not 1 to 48 characters of a-z, 0-9, "_" and "-"');
  if (all.filter((other) => other.name === name).length > 1) throw faulty(name, 'its name is used twice');
  if (title.trim() === '') throw faulty(name, 'its title is empty');
  if (description.trim() === '') throw faulty(name, 'its description is empty');
  if (description.length > MAX_DESCRIPTION) {
    throw faulty(name, `its description is longer than ${MAX_DESCRIPTION} characters`);
  }
  const texts = [title, description, ...Object.values(fields).map((field) => field.description ?? '')];
  if (texts.some((text) => INVISIBLE.test(text))) {
    throw faulty(name, 'a title or description contains invisible characters');
  }
}

function compile(definition: ToolDefinition, maxTextChars: number): CompiledTool {
  const { name, title, description, annotations, icons } = definition;
  try {
    const { schema, parse } = compileInput(definition, maxTextChars);
    const listed = deepFreeze({
      name,
      title,
      description,
      inputSchema: definition.inputSchema ?? schema,
      ...(definition.outputSchema !== false && { outputSchema: OUTPUT_SCHEMA }),
      annotations: { ...annotations },
      ...(icons && { icons: icons.map((icon) => ({ ...icon })) }),
    });
    return Object.freeze({ definition, kind: definition.kind, listed, parse });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw faulty(name, `its fields do not compile to a JSON Schema (${cause})`, error);
  }
}

function faulty(tool: string, cause: string, error?: unknown): ExaiError {
  return new ExaiError(
    'CONFIG_INVALID',
    { reason: `The tool ${JSON.stringify(tool.slice(0, 64))} is faulty: ${cause}.` },
    { cause: error },
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
