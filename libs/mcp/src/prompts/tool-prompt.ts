import { type CompiledTool, type JsonSchema, type ToolKind } from '#libs/tools';
import { type PromptArgument, type PromptArguments, type PromptDefinition } from './prompt.js';

interface Property {
  readonly type?: unknown;
  readonly description?: string;
  readonly enum?: readonly string[];
}

/** Kinds that are called again and again until they say that they are done. */
const STEPWISE: readonly ToolKind[] = ['workflow', 'consensus'];

/** A tool as a prompt; its arguments are those of the tool that are plain strings. */
export function toolPrompt({ kind, listed }: CompiledTool): PromptDefinition {
  const { name, title, description, inputSchema } = listed;
  const args = stringArguments(inputSchema);
  const others = requiredOf(inputSchema).filter((field) => !args.some((argument) => argument.name === field));
  return {
    name,
    title,
    description,
    tool: name,
    arguments: args,
    text: (values) =>
      [
        `Call the tool \`${name}\`${withArguments(values)}`,
        ...(others.length > 0 ? [`Decide yourself about ${others.join(', ')}.`] : []),
        ...(STEPWISE.includes(kind)
          ? ['Go on with it step by step, as its answers say, to the last step.']
          : []),
        'Then tell me the result.',
      ].join('\n\n'),
  };
}

/** As JSON: what a person typed cannot be taken for more of the request. */
function withArguments(values: PromptArguments): string {
  return Object.keys(values).length === 0
    ? '.'
    : ` with these arguments, as they are:\n${JSON.stringify(values, null, 2)}`;
}

function stringArguments(schema: JsonSchema): PromptArgument[] {
  const required = requiredOf(schema);
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Property>>;
  return Object.entries(properties)
    .filter(([, { type }]) => type === 'string')
    .map(([name, property]) => ({
      name,
      description: property.description ?? '',
      required: required.includes(name),
      ...(property.enum && { values: property.enum }),
    }));
}

function requiredOf(schema: JsonSchema): readonly string[] {
  return (schema['required'] ?? []) as readonly string[];
}
