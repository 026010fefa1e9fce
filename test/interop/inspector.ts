import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { MAIN } from '../harness/paths.js';
import { type Rig } from '../harness/rig.js';

/** Not among our dependencies: it declares a newer Node than this product, though this part of it runs on ours. */
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';
const LIMIT_MS = 120_000;
const ERAS = ['legacy', 'modern'] as const;
const REVISIONS = { legacy: '2025-11-25', modern: '2026-07-28' } as const;

interface Command {
  readonly name: string;
  readonly args: readonly string[];
  /** Stands in a right answer and in no other. */
  readonly expected: string;
}

export const INSPECTOR_COMMANDS: readonly Command[] = [
  { name: 'tools/list', args: ['--method', 'tools/list'], expected: '"name":"chat"' },
  {
    name: 'tools/call',
    args: ['--method', 'tools/call', '--tool-name', 'chat', '--tool-arg', 'prompt=[[sim: echo]] inspected'],
    expected: '"content":"inspected"',
  },
  {
    name: 'resources/read',
    args: ['--method', 'resources/read', '--uri', 'exai://models'],
    expected: '"uri":"exai://models"',
  },
  { name: 'prompts/list', args: ['--method', 'prompts/list'], expected: '"name":"codereview"' },
];

/** What the Inspector did on one way to the gateway. */
export interface Inspection {
  readonly route: 'http' | 'stdio';
  readonly revision: string;
  /** By command: what went wrong; null = it got the right answer. */
  readonly outcomes: Readonly<Record<string, string | null>>;
}

/**
 * Has the MCP Inspector put every command over HTTP and stdio, in both eras.
 * @throws Error when npx cannot fetch it
 */
export async function inspect(
  rig: Rig,
  onInspection: (inspection: Inspection) => void,
): Promise<readonly Inspection[]> {
  const keepIn = rig.gateway.dataDir;
  await fetchInspector(keepIn);
  const inspections: Inspection[] = [];
  for (const route of ['http', 'stdio'] as const) {
    for (const era of ERAS) {
      const outcomes: Record<string, string | null> = {};
      for (const { name, args, expected } of INSPECTOR_COMMANDS) {
        const common = ['--protocol-era', era, '--format', 'json', '--quiet', ...args];
        outcomes[name] = await verdict(keepIn, [...common, ...target(route, rig)], expected);
      }
      const inspection = { route, revision: REVISIONS[era], outcomes };
      onInspection(inspection);
      inspections.push(inspection);
    }
  }
  return inspections;
}

function target(route: Inspection['route'], rig: Rig): readonly string[] {
  const { url } = rig.gateway;
  const token = rig.token();
  if (route === 'stdio') {
    return ['-e', `EXAI_TOKEN=${token}`, '--', process.execPath, MAIN.cli, 'stdio', '--url', url];
  }
  return ['--transport', 'http', '--header', `Authorization: Bearer ${token}`, '--', `${url}/mcp`];
}

async function fetchInspector(keepIn: string): Promise<void> {
  await run(keepIn, ['--version']).catch((error: unknown) => {
    throw new Error(`npx cannot fetch ${INSPECTOR}, so it was not tested.`, { cause: error });
  });
}

async function verdict(keepIn: string, args: readonly string[], expected: string): Promise<string | null> {
  try {
    const answer = await run(keepIn, args);
    // The text of a result holds JSON as a string.
    return answer.replaceAll('\\"', '"').includes(expected)
      ? null
      : `no ${expected} in ${answer.slice(0, 300)}`;
  } catch (error) {
    return String(error);
  }
}

/** @param keepIn where the Inspector may leave its own files, in place of the home directory */
async function run(keepIn: string, args: readonly string[]): Promise<string> {
  // From outside the checkout: npx would look for it among our dependencies.
  const env = { ...process.env, MCP_STORAGE_DIR: keepIn };
  const options = { cwd: tmpdir(), env, timeout: LIMIT_MS, maxBuffer: 16 * 1_024 * 1_024 };
  const npx = ['--yes', INSPECTOR, '--cli', ...args];
  return (await promisify(execFile)('npx', npx, options)).stdout;
}
