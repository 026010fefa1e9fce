import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from 'mcp-sdk-v1/client/index.js';
import { StdioClientTransport as StdioClientTransportV1 } from 'mcp-sdk-v1/client/stdio.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { earlyAnswer } from '../../apps/stdio/src/handshake.js';
import { eventually, isAlive } from '../harness/eventually.js';
import { MAIN, temporaryDirectory } from '../harness/paths.js';
import { freePort } from '../harness/ports.js';
import {
  minimalEnvironment,
  removeDataDir,
  startStandalone,
  type Standalone,
} from '../harness/standalone.js';

interface Wire {
  readonly jsonrpc?: string;
  readonly id?: number | string | null;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly data?: { readonly code?: string } };
}

const INFO = { name: 'stdio-spec', version: '1.0.0' };
const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO },
};

/** The shim as a client starts it, spoken to line by line. */
class Shim {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  stderr = '';
  private readonly child: ChildProcess;

  constructor(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
    const child = spawn(process.execPath, [MAIN.cli, 'stdio', ...args], {
      env: minimalEnvironment(env),
      stdio: 'pipe',
    });
    this.child = child;
    this.exited = once(child, 'close').then(([code]) => code as number | null);
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (this.stderr += part));
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  send(message: object): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  call(id: number, name: string, args: object = {}): void {
    this.send({ id, method: 'tools/call', params: { name, arguments: args } });
  }

  answersTo(id: number | string | null): Wire[] {
    return this.lines
      .map((line) => JSON.parse(line) as Wire)
      .filter((message) => message.id === id && message.method === undefined);
  }

  answerTo(id: number | string | null, timeoutMs = 30_000): Promise<Wire> {
    return eventually(() => this.answersTo(id)[0], `an answer to ${String(id)}: ${this.stderr}`, {
      timeoutMs,
    });
  }

  async initialize(): Promise<Wire> {
    this.send({ id: 0, ...INITIALIZE });
    const answer = await this.answerTo(0);
    this.send({ method: 'notifications/initialized' });
    return answer;
  }

  end(): void {
    this.child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

describe('exai stdio with a running gateway', () => {
  let server: Standalone;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startStandalone({ env: { TOOL_PROFILE: 'full' } });
    env = { EXAI_DATA_DIR: server.dataDir, PORT: server.env['PORT'] ?? '' };
  });
  afterAll(() => server.stop());

  const shim = () => ({
    command: process.execPath,
    args: [MAIN.cli, 'stdio'],
    env: minimalEnvironment(env),
    stderr: 'ignore' as const,
  });

  it('serves the v1 client', async () => {
    const client = new ClientV1(INFO);
    await client.connect(new StdioClientTransportV1(shim()));
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('chat');
    const result = await client.callTool({ name: 'chat', arguments: { prompt: 'Hello' } });
    expect(result.structuredContent).toMatchObject({ metadata: { model_used: 'simulator-1' } });
    await client.close();
  });

  it.each([
    ['default', undefined, '2025-11-25'],
    ['auto', 'auto', '2026-07-28'],
    ['pinned', { pin: '2026-07-28' }, '2026-07-28'],
  ] as const)('serves the v2 client, %s revision', async (_name, mode, revision) => {
    const client = new Client(INFO, mode === undefined ? {} : { versionNegotiation: { mode } });
    await client.connect(new StdioClientTransport(shim()));
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('chat');
    const deltas: string[] = [];
    const result = await client.callTool(
      { name: 'chat', arguments: { prompt: 'Hello [[sim: ok-long(1)]]', stream: true } },
      {
        onprogress: (progress) => {
          const { message = '', _meta } = progress as { message?: string; _meta?: Record<string, unknown> };
          if (_meta?.['io.exai/delta'] === true) deltas.push(message);
        },
      },
    );
    const { content } = result.structuredContent as { content: string };
    expect(deltas.length).toBeGreaterThan(1);
    expect(content).toContain(deltas[0]);
    await client.close();
  });

  it('writes nothing but JSON-RPC to standard output over 200 mixed calls, one answer each', async () => {
    const client = new Shim({ ...env, LOG_LEVEL: 'debug' });
    await client.initialize();
    const kinds: ((id: number) => void)[] = [
      (id) => client.call(id, 'version'),
      (id) => client.call(id, 'chat', { prompt: `Question ${id}` }),
      (id) => client.call(id, 'test_echo', { message: `é${'x'.repeat(id * 10)}` }),
      (id) => client.call(id, 'test_echo', { message: 'two\nlines\r\n', delay_ms: 20 }),
      (id) => client.call(id, 'chta'),
      (id) => client.call(id, 'chat', { temperature: 'warm' }),
      (id) => client.call(id, 'chat', { prompt: 'x [[sim: 401]]' }),
      (id) => client.send({ id, method: 'tools/list' }),
      (id) => client.send({ id, method: 'no/such/method' }),
      (id) => client.call(id, 'status'),
    ];
    for (let id = 1; id <= 200; id += 1) {
      kinds[id % kinds.length]?.(id);
      // In waves: more than the session's own limit at once would be refused, which is another test.
      if (id % 40 === 0) await client.answerTo(id, 60_000);
    }
    client.write('this is no JSON\n\n[]\n');
    client.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 201, method: 'ping', x: 'x'.repeat(5_000_000) })}\n`,
    );
    client.write(`${'x'.repeat(11 * 1024 * 1024)}\n`);
    for (let id = 1; id <= 201; id += 1) await client.answerTo(id, 60_000);
    await eventually(() => client.answersTo(null).length === 3, 'answers to what could not be read');
    client.end();
    expect(await client.exited).toBe(0);
    const messages = client.lines.map((line) => JSON.parse(line) as Wire);
    expect(messages.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    for (let id = 0; id <= 201; id += 1) expect([id, client.answersTo(id).length]).toEqual([id, 1]);
    expect(client.answersTo(201)[0]?.error).toMatchObject({
      code: -31015,
      data: { code: 'PAYLOAD_TOO_LARGE' },
    });
    expect(
      client
        .answersTo(null)
        .map(({ error }) => error?.code)
        .sort(),
    ).toEqual([-31015, -32600, -32700]);
  });

  it('promises at a cold start exactly what the gateway promises', async () => {
    const client = new Shim(env);
    const { result } = await client.initialize();
    client.end();
    const early = JSON.parse(
      earlyAnswer({ id: 0, method: 'initialize', modern: false, protocolVersion: '2025-11-25' }),
    ) as Wire;
    expect({ ...early.result, instructions: result?.['instructions'] }).toEqual(result);
    expect(await client.exited).toBe(0);
  });

  it('does nothing before the first line', async () => {
    const dataDir = temporaryDirectory();
    const client = new Shim({ EXAI_DATA_DIR: dataDir, PORT: String(await freePort()) });
    client.end();
    expect(await client.exited).toBe(0);
    expect(client.lines).toEqual([]);
    expect(client.stderr).toBe('');
    expect(readdirSync(dataDir)).toEqual([]);
    rmSync(dataDir, { recursive: true });
  });

  it('lets a call finish that ends soon after the client has gone', async () => {
    const client = new Shim(env);
    await client.initialize();
    client.call(1, 'test_echo', { message: 'late', delay_ms: 1_000 });
    client.end();
    expect(await client.exited).toBe(0);
    expect(client.answersTo(1)).toHaveLength(1);
  });

  it.each(['end of input', 'SIGTERM'])(
    'cancels what runs when the client is gone for good: %s',
    async (how) => {
      const client = new Shim(env);
      await client.initialize();
      const cancelled = () =>
        server.logs.filter(({ msg, outcome }) => msg === 'call ended' && outcome === 'CANCELLED').length;
      const before = cancelled();
      client.call(1, 'test_echo', { message: 'never', delay_ms: 50_000 });
      // Its turn in the pipe has come when the next one is answered.
      client.call(2, 'version');
      await client.answerTo(2);
      const goneAt = Date.now();
      if (how === 'SIGTERM') client.kill('SIGTERM');
      else client.end();
      expect(await client.exited).toBe(0);
      expect(Date.now() - goneAt).toBeGreaterThan(4_500);
      expect(Date.now() - goneAt).toBeLessThan(9_000);
      await eventually(() => cancelled() > before, 'the gateway has cancelled the call');
    },
  );

  it('ends at once when it is told twice', async () => {
    const client = new Shim(env);
    await client.initialize();
    client.call(1, 'test_echo', { message: 'never', delay_ms: 50_000 });
    client.call(2, 'version');
    await client.answerTo(2);
    const goneAt = Date.now();
    client.end();
    client.kill('SIGTERM');
    expect(await client.exited).toBe(0);
    expect(Date.now() - goneAt).toBeLessThan(3_000);
  });

  it('names the way out when the token is refused', async () => {
    const client = new Shim({ ...env, EXAI_TOKEN: 'nonsense' });
    client.send({ id: 1, method: 'tools/list' });
    const { error } = await client.answerTo(1);
    expect(error).toMatchObject({ code: -31001, data: { code: 'UNAUTHENTICATED' } });
    expect(JSON.stringify(error)).toContain('EXAI_TOKEN');
    client.end();
    expect(await client.exited).toBe(0);
  });
});

describe('exai stdio and a gateway that comes and goes', () => {
  it('goes on with the same client after a restart, and after a crash in the middle of a call', async () => {
    const dataDir = temporaryDirectory();
    const env = { PORT: String(await freePort()), TOOL_PROFILE: 'full' };
    let server = await startStandalone({ dataDir, env });
    const client = new Shim({ EXAI_DATA_DIR: dataDir, PORT: env.PORT }, ['--no-start']);
    try {
      await client.initialize();
      client.call(1, 'version');
      expect((await client.answerTo(1)).result).toBeDefined();

      expect(await server.stop()).toBe(0);
      client.call(2, 'test_echo', { message: 'waited' });
      server = await startStandalone({ dataDir, env });
      expect((await client.answerTo(2)).result).toMatchObject({ structuredContent: { content: 'waited' } });

      client.call(3, 'test_echo', { message: 'interrupted', delay_ms: 3_000 });
      client.call(4, 'version');
      await client.answerTo(4);
      await server.kill9();
      client.send({ id: 5, method: 'tools/list' });
      server = await startStandalone({ dataDir, env });
      expect((await client.answerTo(3, 60_000)).result).toMatchObject({
        structuredContent: { content: 'interrupted' },
      });
      expect((await client.answerTo(5)).result).toHaveProperty('tools');
      expect(client.lines.filter((line) => line.includes('protocolVersion'))).toHaveLength(1);
      for (const id of [1, 2, 3, 4, 5]) expect([id, client.answersTo(id).length]).toEqual([id, 1]);
      client.end();
      expect(await client.exited).toBe(0);
    } finally {
      client.kill('SIGKILL');
      await server.stop();
      await removeDataDir(dataDir);
    }
  }, 180_000);

  it('starts one gateway for two clients that come at the same moment, and it goes away by itself', async () => {
    const dataDir = temporaryDirectory();
    const env = {
      EXAI_DATA_DIR: dataDir,
      PORT: String(await freePort()),
      EXAI_WORKER_PORT: String(await freePort()),
    };
    const clients = [new Shim(env), new Shim(env)];
    const ready = () =>
      readFileSync(join(dataDir, 'gateway.log'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"msg":"ready"'))
        .map((line) => JSON.parse(line) as { pid: number });
    let pids: number[] = [];
    try {
      // The answer to `initialize` does not wait for the gateway.
      await Promise.all(clients.map((client) => client.initialize()));
      for (const client of clients) client.call(1, 'version');
      for (const client of clients) {
        expect((await client.answerTo(1)).result).toMatchObject({ structuredContent: { status: 'success' } });
      }
      // It answers before its worker is ready and before it says so.
      pids = (await eventually(() => ready().length > 0 && ready(), 'the log says ready')).map(
        ({ pid }) => pid,
      );
      expect(pids).toHaveLength(1);
      for (const client of clients) client.end();
      expect(await Promise.all(clients.map((client) => client.exited))).toEqual([0, 0]);
      expect(isAlive(pids[0] ?? 0)).toBe(true);
      await eventually(() => !isAlive(pids[0] ?? 0), 'the gateway goes away', { timeoutMs: 60_000 });
      expect(ready()).toHaveLength(1);
    } finally {
      for (const client of clients) client.kill('SIGKILL');
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
      await eventually(() => pids.every((pid) => !isAlive(pid)), 'the gateway has ended');
      await removeDataDir(dataDir);
    }
  }, 180_000);
});
