import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ExaiError } from '#libs/errors';
import { redactAlso } from '#libs/observability';
import { readStructuredFile } from '#libs/providers';
import { type ProgramTool } from '../define.js';
import { CLINK_ROLES, clinkTool } from '../definitions/clink.tool.js';
import { findProgram } from '../programs/find-program.js';
import { type ClinkFileEntry, clinkFileSchema } from './clink-file.schema.js';

const VARIABLE = 'EXAI_CLINK_FILE';
const SECOND = 1_000;
const MAX_PROMPT_BYTES = 65_536;
/** Shorter values would hide ordinary words all over the log. */
const MIN_SECRET = 8;

export interface CliRole {
  /** Stands in front of the prompt; may be empty. */
  readonly prompt: string;
  readonly args: readonly string[];
}

/** A program that may be asked, checked and ready. */
export interface AgentCli {
  readonly name: string;
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly roles: ReadonlyMap<string, CliRole>;
  readonly timeoutMs: number;
}

/** The agent programs that the operator named; none without a file. */
export class AgentClis {
  private constructor(private readonly clis: readonly AgentCli[]) {}

  /**
   * @param path absolute path of the file; undefined = no programs
   * @throws ExaiError CONFIG_INVALID that lists every fault with program and field
   */
  static load(path: string | undefined): AgentClis {
    if (path === undefined) return new AgentClis([]);
    const content = readStructuredFile(path, VARIABLE);
    const parsed = clinkFileSchema.safeParse(content);
    if (!parsed.success) {
      throw invalid(
        path,
        parsed.error.issues.map((issue) => `${placeIn(content, issue.path)}: ${issue.message}`),
      );
    }
    const faults: string[] = [];
    const { clis } = parsed.data;
    const loaded = clis.map((entry, index) => {
      const fault = (field: string, problem: string): void => {
        faults.push(`cli "${entry.name}", field ${field}: ${problem}`);
      };
      if (clis.findIndex(({ name }) => name === entry.name) !== index) fault('name', 'is used twice');
      return cliOf(entry, dirname(path), fault);
    });
    if (faults.length > 0) throw invalid(path, faults);
    redactAlso(loaded.flatMap(({ env }) => Object.values(env)).filter((value) => value.length >= MIN_SECRET));
    return new AgentClis(loaded);
  }

  find(name: string): AgentCli | undefined {
    return this.clis.find((cli) => cli.name === name);
  }

  /** The tool that asks them, if there are any. */
  tools(): readonly ProgramTool[] {
    if (this.clis.length === 0) return [];
    const names = this.clis.map(({ name }) => name);
    const roles = this.clis.flatMap((cli) => [...cli.roles.keys()]);
    return [clinkTool({ names, roles, timeoutMs: Math.max(...this.clis.map(({ timeoutMs }) => timeoutMs)) })];
  }
}

type TellFault = (field: string, problem: string) => void;

function cliOf(entry: ClinkFileEntry, directory: string, fault: TellFault): AgentCli {
  const { name, command, additional_args: args, env, roles, timeout_seconds: seconds } = entry;
  const program = findProgram(command);
  if (program === undefined) {
    fault('command', 'is neither the absolute path of a program nor the plain name of one in PATH');
  }
  const known = Object.entries(CLINK_ROLES).map(([role, prompt]): [string, CliRole] => [
    role,
    { prompt, args: [] },
  ]);
  const own = Object.entries(roles).map(([role, { prompt_path: path, role_args }]): [string, CliRole] => [
    role,
    {
      prompt:
        path === undefined
          ? ''
          : promptIn(resolve(directory, path), (problem) => {
              fault(`roles.${role}.prompt_path`, problem);
            }),
      args: role_args,
    },
  ]);
  return {
    name,
    program: program ?? '',
    args,
    env,
    roles: new Map([...known, ...own]),
    timeoutMs: seconds * SECOND,
  };
}

function promptIn(path: string, fault: (problem: string) => void): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > MAX_PROMPT_BYTES) fault('is no file of at most 64 KiB');
    else return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    fault(`cannot be read (${code})`);
  }
  return '';
}

/** The place of a fault in words; the content is whatever was written there. */
function placeIn(content: unknown, path: readonly PropertyKey[]): string {
  const [list, index, ...field] = path;
  const entries = (content as { clis?: unknown } | null)?.clis;
  const entry: unknown = typeof index === 'number' && Array.isArray(entries) ? entries[index] : undefined;
  if (list !== 'clis' || entry === undefined)
    return `field ${path.map(String).join('.') || '(the whole file)'}`;
  const { name } = (entry ?? {}) as { name?: unknown };
  const label = typeof name === 'string' ? `"${name.slice(0, 32)}"` : `number ${Number(index) + 1}`;
  return `cli ${label}, field ${field.map(String).join('.') || '(all of it)'}`;
}

function invalid(path: string, faults: readonly string[]): ExaiError {
  return new ExaiError('CONFIG_INVALID', { variable: VARIABLE, reason: `${path}: ${faults.join('; ')}` });
}
