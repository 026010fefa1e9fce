import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { MAIN, temporaryDirectory } from '../harness/paths.js';
import { freePort } from '../harness/ports.js';
import {
  minimalEnvironment,
  removeDataDir,
  startStandalone,
  type Standalone,
} from '../harness/standalone.js';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds between the first byte of standard output and the end. */
  readonly streamedForMs: number;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called as soon as the program runs. */
  readonly during?: (child: ChildProcess) => Promise<void>;
}

const CALL_ID = '[0-9a-f]{8}-[0-9a-f-]{27}';

describe('exai', () => {
  let server: Standalone;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startStandalone({ env: { TOOL_PROFILE: 'full' } });
    const { EXAI_DATA_DIR = '', PORT = '' } = server.env;
    env = { EXAI_DATA_DIR, PORT };
  });
  afterAll(() => server.stop());

  async function exai(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const child = spawn(process.execPath, [MAIN.cli, ...args], {
      env: minimalEnvironment({ ...env, ...options.env }),
      cwd: server.dataDir,
      stdio: 'pipe',
    });
    const exited = once(child, 'close') as Promise<[number | null]>;
    let [stdout, stderr, firstByteAt] = ['', '', 0];
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      firstByteAt ||= Date.now();
      stdout += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    child.stdin.end(options.input ?? '');
    await options.during?.(child);
    const [code] = await exited;
    return { code, stdout, stderr, streamedForMs: firstByteAt && Date.now() - firstByteAt };
  }

  describe('call', () => {
    it('prints the answer as it arrives, and one line about the call at the end', async () => {
      const run = await exai(['call', 'chat', 'prompt=Hello [[sim: ok-long(2)]]']);
      expect(run.stderr).toMatch(
        new RegExp(
          `^simulator-1 · \\d+\\.\\d s · [\\d ]+ tokens · id ${CALL_ID} · go on with --continue \\S+\\n$`,
        ),
      );
      expect(run.code).toBe(0);
      expect(run.stdout).toMatch(/^\[simulation\].+\n$/s);
      expect(run.streamedForMs).toBeGreaterThan(500);
    });

    it('prints the same text with and without streaming', async () => {
      const words = ['call', 'chat', 'prompt=Same question', 'temperature=0'];
      const [streamed, whole] = [await exai(words), await exai([...words, '--no-stream'])];
      expect(streamed.stdout).toBe(whole.stdout);
      expect(whole.stdout).toContain('[simulation]');
    });

    it('goes on with a conversation', async () => {
      const first = await exai(['call', 'chat', 'prompt=Hello', '--json']);
      const { continuation_id } = JSON.parse(first.stdout) as { continuation_id: string };
      const next = await exai(['call', 'chat', 'prompt=Go on', '--continue', continuation_id, '--json']);
      expect(JSON.parse(next.stdout)).toMatchObject({ continuation_id });
    });

    it('prints exactly one JSON document with --json', async () => {
      const run = await exai(['call', 'chat', 'prompt=Hello', '--model', 'simulator-1', '--json']);
      expect(run.code).toBe(0);
      expect(JSON.parse(run.stdout)).toMatchObject({
        status: 'continuation_available',
        content: expect.stringContaining('[simulation]') as string,
        metadata: { model_used: 'simulator-1', tool_name: 'chat' },
      });
    });

    it('reads the arguments from standard input, and words win over them', async () => {
      const input = JSON.stringify({ message: 'from input', delay_ms: 5 });
      const run = await exai(['call', 'test_echo', '--input', '-'], { input });
      expect(run.stdout).toBe('from input\n');
      const other = await exai(['call', 'test_echo', 'message=from words', '--input', '-'], { input });
      expect(other.stdout).toBe('from words\n');
    });

    it('names the closest tools for an unknown one', async () => {
      const run = await exai(['call', 'chta', 'prompt=x']);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toContain('There is no tool `chta`');
      expect(run.stderr).toContain('Closest names: chat');
      const json = await exai(['call', 'chta', '--json']);
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({ status: 'error', error: { code: 'TOOL_NOT_FOUND' } });
    });

    it('shows every fault of the arguments at once', async () => {
      const run = await exai(['call', 'chat', 'temperature=warm', 'colour=red']);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      for (const pointer of ['/prompt', '/temperature', '/colour']) expect(run.stderr).toContain(pointer);
      expect(run.stderr).toMatch(new RegExp(`correlation id ${CALL_ID}`));
      const json = await exai(['call', 'chat', '--json']);
      expect(JSON.parse(json.stdout)).toMatchObject({ status: 'error', error: { code: 'INVALID_ARGUMENT' } });
    });

    it('stops at the limit it was given', async () => {
      const run = await exai(['call', 'test_echo', 'message=x', 'delay_ms=30000', '--timeout', '1']);
      expect(run.code).toBe(75);
      expect(run.stderr).toContain('deadline');
    });

    it('cancels the call on Ctrl-C and says so', async () => {
      const run = await exai(['call', 'test_echo', 'message=x', 'delay_ms=50000'], {
        during: async (child) => {
          await eventually(async () => {
            const status = await exai(['status', '--json']);
            return /"running": [1-9]/.test(status.stdout);
          }, 'the call runs');
          child.kill('SIGINT');
        },
      });
      expect(run.code).toBe(130);
      expect(run.stderr).toContain('The call was cancelled.');
      await eventually(
        () => server.logs.some(({ msg, outcome }) => msg === 'call ended' && outcome === 'CANCELLED'),
        'the gateway has cancelled the call',
      );
    });

    it.each([
      [['call', 'chat', 'hello'], 'name=value'],
      [['call', 'chat', '--jsn'], '--json'],
      [['call', 'chat', '--timeout', '0'], 'between 1 and 1800'],
      [['call', 'chat', '--input', 'missing.json'], 'missing.json'],
      [['call'], "'tool'"],
      [['cal'], 'call'],
    ])('refuses %j as wrong use', async (args, hint) => {
      const run = await exai(args);
      expect(run).toMatchObject({ code: 64, stdout: '' });
      expect(run.stderr).toContain(hint);
    });
  });

  it('says in one sentence where it looked and how to start a gateway when none runs', async () => {
    const port = await freePort();
    const run = await exai(['call', 'chat', 'prompt=x'], { env: { PORT: String(port) } });
    expect(run).toMatchObject({ code: 69, stdout: '' });
    expect(run.stderr).toMatch(/^No EX-AI gateway [^\n]+\n$/);
    expect(run.stderr).toContain(`http://127.0.0.1:${port}`);
    expect(run.stderr).toContain('npx exai start');
  });

  it('tells a token that is refused from a gateway that is away', async () => {
    const run = await exai(['tools'], { env: { EXAI_TOKEN: 'nonsense' } });
    expect(run.code).toBe(77);
    expect(run.stderr).toContain('EXAI_TOKEN');
  });

  it('finds the gateway by EXAI_URL and --url in any form', async () => {
    for (const url of [server.url, `${server.url}/mcp`, server.wsUrl]) {
      const run = await exai(['tools'], { env: { PORT: '1', EXAI_URL: url } });
      expect([url, run.code]).toEqual([url, 0]);
    }
    expect((await exai(['tools', '--url', server.url], { env: { PORT: '1' } })).code).toBe(0);
    expect((await exai(['tools', '--url', 'nonsense'])).code).toBe(64);
  });

  describe('token create', () => {
    it('prints the token and nothing else', async () => {
      const run = await exai(['token', 'create']);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    });

    it('limits the models and the cost of a call', async () => {
      const { stdout } = await exai(['token', 'create', '--models', 'kimi, glm', '--max-cost-usd', '0.05']);
      const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString()) as object;
      expect(claims).toMatchObject({ models: ['kimi', 'glm'], max_cost_usd: 0.05 });
      const refused = await exai(['call', 'chat', 'prompt=x', 'model=simulator-1'], {
        env: { EXAI_TOKEN: stdout.trim() },
      });
      expect(refused.stderr).toContain('Model simulator-1 is not allowed here');
      expect(await exai(['token', 'create', '--models', 'kimi,,glm'])).toMatchObject({
        code: 64,
        stdout: '',
      });
      expect(await exai(['token', 'create', '--max-cost-usd', 'much'])).toMatchObject({
        code: 64,
        stdout: '',
      });
    });

    it('limits what the token allows', async () => {
      const { stdout } = await exai(['token', 'create', '--scope', 'tools:call:version', '--expires', '5m']);
      const tokenEnv = { EXAI_TOKEN: stdout.trim() };
      expect(await exai(['call', 'version'], { env: tokenEnv })).toMatchObject({ code: 0 });
      expect(await exai(['call', 'chat', 'prompt=x'], { env: tokenEnv })).toMatchObject({ code: 1 });
      expect(await exai(['tools'], { env: tokenEnv })).toMatchObject({ code: 77 });
    });

    it.each([
      [['--expires', '25h'], '24h'],
      [['--scope', 'everything'], 'There is no scope `everything`.'],
    ])('refuses %j', async (args, reason) => {
      const run = await exai(['token', 'create', ...args]);
      expect(run).toMatchObject({ code: 64, stdout: '' });
      expect(run.stderr).toContain(reason);
    });
  });

  it('lists and explains the tools', async () => {
    const list = await exai(['tools']);
    expect(list.stdout).toMatch(/^chat +Ask another model$/m);
    const one = await exai(['tools', 'chat']);
    expect(one.stdout).toMatch(/^ {2}prompt +string +required/m);
    expect(one.stdout).toContain('npx exai call chat prompt=');
    const json = await exai(['tools', 'chat', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'chat', inputSchema: { type: 'object' } });
    expect(await exai(['tools', 'nothing'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('shows the status, its version and its help', async () => {
    expect((await exai(['status'])).stdout).toMatch(/^# Status\n/);
    expect(JSON.parse((await exai(['status', '--json'])).stdout)).toMatchObject({ status: 'success' });
    expect((await exai(['version'])).stdout).toBe((await exai(['--version'])).stdout);
    expect(await exai(['--help'])).toMatchObject({ code: 0, stderr: '' });
    expect(await exai(['help', 'call'])).toMatchObject({ code: 0, stderr: '' });
    expect(await exai([])).toMatchObject({ code: 64, stdout: '' });
  });

  it('reports a faulty configuration with its own exit code', async () => {
    const run = await exai(['tools'], { env: { EXAI_PROT: '1' } });
    expect(run).toMatchObject({ code: 78, stdout: '' });
    expect(run.stderr).toContain('EXAI_PROT');
  });

  describe('start', () => {
    it('has nothing to do when this gateway runs already', async () => {
      const run = await exai(['start']);
      expect(run.code).toBe(0);
      expect(run.stderr).toContain(`already runs at ${server.url}`);
    });

    it('takes its settings from flags and goes away when nobody needs it', async () => {
      const dataDir = temporaryDirectory();
      const [port, workerPort] = [String(await freePort()), String(await freePort())];
      const flags = ['--port', port, '--data-dir', dataDir, '--profile', 'lean', '--exit-when-idle', '1'];
      try {
        const run = await exai(['start', ...flags, '--log-format', 'json'], {
          env: { EXAI_WORKER_PORT: workerPort },
        });
        expect(run.code).toBe(0);
        expect(run.stderr + run.stdout).toContain(`"url":"http://127.0.0.1:${port}"`);
      } finally {
        await removeDataDir(dataDir);
      }
    });
  });
});
