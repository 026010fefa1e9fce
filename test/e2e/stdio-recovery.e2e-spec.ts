import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  type ClientKind,
  type ConnectOptions,
  type McpClient,
  type Progress,
} from '../harness/clients.js';
import { CuttableLink } from '../harness/cuttable-link.js';
import { eventually, isAlive } from '../harness/eventually.js';
import { temporaryDirectory } from '../harness/paths.js';
import { freePort } from '../harness/ports.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { postmasterPid, removeDataDir, startStandalone, type Gateway } from '../harness/standalone.js';

const KINDS: readonly ClientKind[] = ['v1', 'v2-default', 'v2-pinned'];
const CALLS = 20;
const PATIENCE = { timeout: 120_000 };

/** Calls that run long enough to lose their gateway in the middle, each with its own answer. */
function startCalls(client: McpClient, delayMs: number, onprogress: (call: number, news: Progress) => void) {
  return Promise.all(
    Array.from({ length: CALLS }, async (_, call) => {
      const { structuredContent, isError } = await client.callTool(
        'test_echo',
        { message: `answer ${call}`, delay_ms: delayMs },
        { ...PATIENCE, onprogress: (news) => onprogress(call, news) },
      );
      expect(isError ?? false).toBe(false);
      return structuredContent?.['content'];
    }),
  );
}

const ANSWERS = Array.from({ length: CALLS }, (_, call) => `answer ${call}`);

class Ledger {
  private constructor(private readonly database: pg.Client) {}

  static async open(url: string): Promise<Ledger> {
    const database = new pg.Client({ connectionString: url });
    await database.connect();
    return new Ledger(database);
  }

  async running(): Promise<number> {
    const { rows } = await this.database.query<{ n: number }>(
      "SELECT count(*)::int n FROM tool_calls WHERE tool = 'test_echo' AND state = 'RUNNING'",
    );
    return rows[0]?.n ?? 0;
  }

  /** Rows of all calls so far, and how often they were begun at most. */
  async all(): Promise<{ calls: number; attempts: number }> {
    const { rows } = await this.database.query<{ calls: number; attempts: number }>(
      "SELECT count(*)::int calls, max(attempts)::int attempts FROM tool_calls WHERE tool = 'test_echo'",
    );
    return rows[0] ?? { calls: 0, attempts: 0 };
  }

  close(): Promise<void> {
    return this.database.end();
  }
}

describe.each(backends())('the shim whose gateway is killed, with the queue on $name', (backend) => {
  let rig: Rig;
  let link: CuttableLink;
  let ledger: Ledger;
  const open: McpClient[] = [];

  beforeAll(async () => {
    rig = await Rig.open(backend, { env: { TOOL_PROFILE: 'full' } });
    link = await CuttableLink.to(rig.gateway.url);
    ledger = await Ledger.open(rig.databaseUrl);
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));
  afterAll(async () => {
    await ledger.close();
    link.close();
    await rig.close();
  });

  const shimTo = async (kind: ClientKind, options: ConnectOptions = {}) => {
    const server = { url: link.url, wsUrl: link.wsUrl, token: () => rig.token() };
    const client = await connect(kind, 'stdio', server, rig.token(), options);
    open.push(client);
    return client;
  };
  const current = (): Gateway => rig.gateways.at(-1) ?? rig.gateway;

  it.each(KINDS)('loses none of the running calls of the %s client to another gateway', async (kind) => {
    const before = await ledger.all();
    const client = await shimTo(kind);
    const progress = new Map<number, number[]>();
    const answers = startCalls(client, 6_000, (call, news) =>
      progress.set(call, [...(progress.get(call) ?? []), news.progress]),
    );
    answers.catch(() => undefined);
    await eventually(async () => (await ledger.running()) === CALLS, 'all calls run');
    await current().kill9();
    link.turnTo((await rig.addGateway()).url);
    expect(await answers).toEqual(ANSWERS);
    // Joined, not repeated.
    expect(await ledger.all()).toEqual({ calls: before.calls + CALLS, attempts: 1 });
    for (const values of progress.values()) {
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    }
    expect(progress.size).toBe(CALLS);
  });

  it.each(KINDS)('tells the %s client once that lists and what it follows may have changed', async (kind) => {
    const changed: string[] = [];
    const client = await shimTo(kind, {
      onListChanged: (method) => changed.push(method),
      onUpdated: (uri) => changed.push(uri),
    });
    await client.follow('exai://models');
    await client.listTools();
    expect(changed).toEqual([]);
    link.cut();
    await eventually(() => changed.length === 4, 'all is said to have changed');
    expect(changed.sort()).toEqual([
      'exai://models',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/tools/list_changed',
    ]);
    expect((await client.listTools()).map(({ name }) => name)).toContain('chat');
  });

  it.each(KINDS)('asks the %s client again what was asked when the socket was lost', async (kind) => {
    const questions: string[] = [];
    const client = await shimTo(kind, {
      elicit: async ({ message }) => {
        questions.push(message);
        if (questions.length === 1) link.cut();
        // A question of 2026-07-28 belongs to no socket. Before that, its answer now comes too late.
        if (questions.length === 1 && kind !== 'v2-pinned') {
          await eventually(() => questions.length === 2, 'it is asked again');
          return { action: 'accept', content: { model: 'simulator-2' } };
        }
        return { action: 'accept', content: { model: 'simulator-1' } };
      },
    });
    const { structuredContent } = await client.callTool(
      'chat',
      { prompt: '[[sim: echo]] after all', model: 'simulater-1' },
      PATIENCE,
    );
    expect(questions).toHaveLength(kind === 'v2-pinned' ? 1 : 2);
    expect(new Set(questions).size).toBe(1);
    expect(structuredContent).toMatchObject({
      content: 'after all',
      metadata: { model_used: 'simulator-1' },
    });
  });

  it('cancels a call that is cancelled while there is no gateway', async () => {
    const client = await shimTo('v2-default');
    const abort = new AbortController();
    const call = client.callTool(
      'test_echo',
      { message: 'never', delay_ms: 50_000 },
      { signal: abort.signal },
    );
    call.catch(() => undefined);
    await eventually(async () => (await ledger.running()) === 1, 'the call runs');
    await current().kill9();
    abort.abort();
    await expect(call).rejects.toThrow();
    link.turnTo((await rig.addGateway()).url);
    await eventually(async () => (await ledger.running()) === 0, 'the call is cancelled', {
      timeoutMs: 60_000,
    });
  }, 90_000);
});

describe('shims when everything is killed and started again', () => {
  it('lose none of the running calls of any client', async () => {
    const dataDir = temporaryDirectory();
    const env = { PORT: String(await freePort()), TOOL_PROFILE: 'full' };
    let server = await startStandalone({ dataDir, env });
    const address = { url: `http://127.0.0.1:${env.PORT}`, wsUrl: '', token: () => server.token() };
    const clients = await Promise.all(KINDS.map((kind) => connect(kind, 'stdio', address)));
    try {
      let begun = 0;
      const count = (_: number, { message = '' }: Progress) => (begun += message.includes('waiting') ? 1 : 0);
      const answers = Promise.all(clients.map((client) => startCalls(client, 3_000, count)));
      answers.catch(() => undefined);
      await eventually(() => begun >= CALLS * KINDS.length, 'all calls are accepted');
      const pids = [server.workerPid(), postmasterPid(dataDir) ?? 0];
      await server.kill9();
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      await eventually(() => pids.every((pid) => !isAlive(pid)), 'worker and database are dead');
      server = await startStandalone({ dataDir, env });
      expect(await answers).toEqual(KINDS.map(() => ANSWERS));
    } finally {
      await Promise.all(clients.map((client) => client.close()));
      await server.stop();
      await removeDataDir(dataDir);
    }
  }, 150_000);
});
