import { readFileSync } from 'node:fs';
import { CliFailure, usageFailure } from './cli-failure.js';
import { type GatewaySession } from './gateway-session.js';
import { type InputSchema } from './tool-messages.js';
import { hasField, parseAssignments, parseInput } from './tool-arguments.js';

export interface ArgumentSources {
  readonly tool: string;
  readonly words: readonly string[];
  /** File name, or `-` for standard input. */
  readonly input?: string;
  readonly model?: string;
  readonly continue?: string;
  /** Whether the answer is wanted piecewise. */
  readonly stream: boolean;
}

/**
 * The arguments of one call: file, then words, then flags, the later over the earlier.
 * @throws CliFailure
 */
export async function buildArguments(
  session: Pick<GatewaySession, 'tools'>,
  sources: ArgumentSources,
): Promise<Record<string, unknown>> {
  const { input, model, words } = sources;
  const given =
    input === undefined ? {} : parseInput(readInput(input), input === '-' ? 'Standard input' : input);
  const schema = await schemaOf(session, sources.tool);
  return {
    ...(sources.stream && hasField(schema, 'stream') && { stream: true }),
    ...given,
    ...parseAssignments(words, schema),
    ...(model !== undefined && { model }),
    ...(sources.continue !== undefined && { continuation_id: sources.continue }),
  };
}

/** Undefined for a tool that is not listed: the gateway then says what is wrong with its name. */
async function schemaOf(
  session: Pick<GatewaySession, 'tools'>,
  name: string,
): Promise<InputSchema | undefined> {
  try {
    return (await session.tools()).find((tool) => tool.name === name)?.inputSchema;
  } catch (error) {
    // A token may allow calls without allowing the list.
    if (error instanceof CliFailure && error.parts.code === 'FORBIDDEN') return undefined;
    throw error;
  }
}

function readInput(input: string): string {
  try {
    return readFileSync(input === '-' ? 0 : input, 'utf8');
  } catch (error) {
    throw usageFailure(`${input} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
