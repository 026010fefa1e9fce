import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { type Backend } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type Arguments, type SessionState, TOOL_SCRIPTS, type ToolScript } from './tool-scripts.js';

export const TOOL_FAULTS = [
  'bad argument',
  'thrown error',
  'provider fault',
  'worker kill',
  'timeout',
] as const;
export type ToolFault = (typeof TOOL_FAULTS)[number];

/** One tool and one fault: what became of the third of five calls, and of all after it. */
export interface Cell {
  readonly tool: string;
  readonly fault: ToolFault;
  /** `ok` or the code of the error that the third call got. */
  readonly third: string;
  /** Milliseconds the third call took. */
  readonly ms: number;
  /** What is wrong with the cell; undefined = nothing. */
  readonly problem: string | undefined;
}

export interface ToolTime {
  readonly tool: string;
  readonly status: string;
  readonly ms: number;
}

export interface ToolFailureReport {
  /** The first call of each tool, one after the other. */
  readonly times: readonly ToolTime[];
  readonly cells: readonly Cell[];
}

/** What an answer to the third call may be, for a tool that runs in the worker. `ok` = the fault passed it by. */
const EXPECTED: Readonly<Record<ToolFault, readonly string[]>> = {
  'bad argument': ['INVALID_ARGUMENT'],
  'thrown error': ['STORE_UNAVAILABLE', 'ok'],
  'provider fault': ['PROVIDER_UNAVAILABLE', 'CIRCUIT_OPEN', 'ok'],
  'worker kill': ['ok'],
  timeout: ['DEADLINE_EXCEEDED'],
};

const TABLES = ['conversations', 'messages', 'workflows', 'provider_files'];
const MODEL_LATENCY_MS = 1_500;
const KILL_AFTER_MS = 400;
const SHORT_DEADLINE_MS = 1_500;
/** A circuit that the fault has opened is closed again by then. */
const RECOVERY_MS = 40_000;

interface Envelope {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly correlationId?: string;
}

/** Makes the world fail for the third calls and mends it again. */
interface Trouble {
  readonly third?: CallOptions;
  begin(): Promise<void> | void;
  /** While the third calls are under way. */
  during?(): Promise<void>;
  end(): Promise<void> | void;
}

/** All 20 tools at once, each in a session of its own, five calls, of which the third meets the fault. */
export async function runToolFailures(backend: Backend): Promise<ToolFailureReport> {
  const files = temporaryDirectory();
  const paths = layOut(files);
  const rig = await Rig.open(backend, {
    env: ({ baseUrl }) => ({
      EXAI_FILE_ROOTS: files,
      TOOL_PROFILE: 'standard',
      KIMI_API_KEY: 'key-for-the-simulator',
      KIMI_BASE_URL: baseUrl,
      GLM_API_KEY: 'key-for-the-simulator',
      GLM_BASE_URL: baseUrl,
    }),
  });
  try {
    const run = new ToolFailures(rig, paths);
    const times = await run.timeEach();
    const cells: Cell[] = [];
    for (const fault of TOOL_FAULTS) cells.push(...(await run.meet(fault)));
    return { times, cells };
  } finally {
    await rig.close();
    rmSync(files, { recursive: true, force: true });
  }
}

type Paths = Pick<SessionState, 'file' | 'repository'>;

function layOut(directory: string): Paths {
  const file = join(directory, 'pool.ts');
  writeFileSync(file, 'export const limit = 7;\n');
  execFileSync('git', ['init', '--quiet', directory]);
  return { file, repository: directory };
}

class ToolFailures {
  private fileId = 'none';

  constructor(
    private readonly rig: Rig,
    private readonly paths: Paths,
  ) {}

  async timeEach(): Promise<ToolTime[]> {
    const client = await this.connect();
    const asked = await client.callTool('smart_file_query', {
      file_path: this.paths.file,
      question: 'What is it?',
    });
    this.fileId = String(metadataOf(asked)['file_id']);
    const times: ToolTime[] = [];
    for (const { tool, call } of TOOL_SCRIPTS) {
      const startedAt = performance.now();
      const result = await client.callTool(tool, call(1, this.state(undefined)));
      const status = codeOf(result) ?? String(result.structuredContent?.['status']);
      times.push({ tool, status, ms: performance.now() - startedAt });
    }
    await client.close();
    return times;
  }

  async meet(fault: ToolFault): Promise<Cell[]> {
    const trouble = this.troubleOf(fault);
    const sessions = await Promise.all(
      TOOL_SCRIPTS.map(async (script) => new Session(script, await this.connect(), (id) => this.state(id))),
    );
    try {
      await Promise.all(sessions.map((session) => session.begin()));
      await trouble.begin();
      const thirds = sessions.map((session) => session.third(fault, trouble.third));
      await trouble.during?.();
      await Promise.all(thirds);
      await trouble.end();
      return await Promise.all(sessions.map((session) => session.goOn(fault)));
    } finally {
      await Promise.all(sessions.map((session) => session.close()));
    }
  }

  private connect(): Promise<McpClient> {
    return connect('v2-default', 'websocket', this.rig.gateway, this.rig.token());
  }

  private state(continuationId: string | undefined): SessionState {
    return { ...this.paths, fileId: this.fileId, callId: 'none', continuationId };
  }

  private troubleOf(fault: ToolFault): Trouble {
    const { simulator } = this.rig;
    const none = (): void => undefined;
    switch (fault) {
      case 'bad argument':
        return { begin: none, end: none };
      case 'thrown error':
        return { begin: () => this.hideTables(true), end: () => this.hideTables(false) };
      case 'provider fault':
        return { begin: () => simulator.control({ always: '503' }), end: () => simulator.resetControl() };
      case 'worker kill':
        return {
          begin: () => simulator.control({ always: `latency(${MODEL_LATENCY_MS})` }),
          during: () => this.replaceWorker(),
          end: () => simulator.resetControl(),
        };
      case 'timeout':
        return {
          third: { meta: { 'io.exai/timeoutMs': SHORT_DEADLINE_MS } },
          begin: () => this.rig.workers.at(-1)?.signal('SIGSTOP'),
          end: () => this.rig.workers.at(-1)?.signal('SIGCONT'),
        };
    }
  }

  private async replaceWorker(): Promise<void> {
    await delay(KILL_AFTER_MS);
    await this.rig.workers.at(-1)?.kill9();
    await this.rig.addWorker();
  }

  /** What the engines ask of the store then throws. */
  private async hideTables(away: boolean): Promise<void> {
    const database = new pg.Client({ connectionString: this.rig.databaseUrl });
    await database.connect();
    for (const table of TABLES) {
      const [from, to] = away ? [table, `${table}_away`] : [`${table}_away`, table];
      await database.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    }
    await database.end();
  }
}

/** Five calls of one tool over one connection. */
class Session {
  private continuationId: string | undefined;
  private seen: { code: string | undefined; ms: number } = { code: undefined, ms: 0 };
  private problem: string | undefined;

  constructor(
    private readonly script: ToolScript,
    private readonly client: McpClient,
    private readonly state: (continuationId: string | undefined) => SessionState,
  ) {}

  async begin(): Promise<void> {
    await this.mustSucceed(1);
    await this.mustSucceed(2);
  }

  async third(fault: ToolFault, options: CallOptions = {}): Promise<void> {
    const { tool, call, bad } = this.script;
    // A workflow asks a model in its last step only.
    const args = call(3, this.state(this.continuationId), fault === 'provider fault');
    const startedAt = performance.now();
    try {
      const result = await this.client.callTool(
        tool,
        fault === 'bad argument' ? { ...args, ...bad } : args,
        options,
      );
      this.seen = { code: codeOf(result), ms: performance.now() - startedAt };
      this.judge(fault, result);
    } catch (error) {
      this.seen = { code: String(error), ms: performance.now() - startedAt };
      this.blame(`the third call was refused: ${String(error)}`);
    }
  }

  /** The failed call again, the rest, and another tool. */
  async goOn(fault: ToolFault): Promise<Cell> {
    for (const number of [3, 4, 5]) await this.mustSucceed(number);
    await this.succeed('chat', { prompt: 'Still there?', use_websearch: false });
    const { code, ms } = this.seen;
    return { tool: this.script.tool, fault, third: code ?? 'ok', ms, problem: this.problem };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private judge(fault: ToolFault, result: ToolResult): void {
    const { place } = this.script;
    const expected = place === 'gateway' && fault !== 'bad argument' ? ['ok'] : EXPECTED[fault];
    const code = codeOf(result);
    if (!expected.includes(code ?? 'ok')) this.blame(`the third call ended with ${code ?? 'ok'}`);
    if (code !== undefined && !envelopeOf(result)?.correlationId)
      this.blame('the error has no correlation id');
  }

  private async mustSucceed(number: number): Promise<void> {
    const { tool, call } = this.script;
    const result = await this.succeed(tool, call(number, this.state(this.continuationId)));
    const id = result?.structuredContent?.['continuation_id'];
    if (typeof id === 'string') this.continuationId = id;
  }

  /** Repeats what says that it may be repeated, as a well-behaved client does. */
  private async succeed(tool: string, args: Arguments): Promise<ToolResult | undefined> {
    const giveUpAt = performance.now() + RECOVERY_MS;
    try {
      for (;;) {
        const result = await this.client.callTool(tool, { ...args });
        const error = envelopeOf(result);
        if (!error) return result;
        if (!error.retryable || performance.now() > giveUpAt) {
          this.blame(`${tool} failed: ${error.code}`);
          return undefined;
        }
        await delay(error.retryAfterMs ?? 1_000);
      }
    } catch (error) {
      this.blame(`the session ended: ${String(error)}`);
      return undefined;
    }
  }

  private blame(problem: string): void {
    this.problem ??= problem;
  }
}

function envelopeOf({ isError, structuredContent }: ToolResult): Envelope | undefined {
  return isError === true ? (structuredContent?.['error'] as Envelope) : undefined;
}

function codeOf(result: ToolResult): string | undefined {
  return envelopeOf(result)?.code;
}

function metadataOf({ structuredContent }: ToolResult): Arguments {
  return (structuredContent?.['metadata'] ?? {}) as Arguments;
}
