import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect, type CallOptions, type McpClient } from '../harness/clients.js';
import { eventually, isAlive } from '../harness/eventually.js';
import { MAIN, temporaryDirectory } from '../harness/paths.js';
import { ServerProcess } from '../harness/server-process.js';
import { minimalEnvironment, startStandalone, type Standalone } from '../harness/standalone.js';

type Payload = Readonly<Record<string, unknown>>;

const OUR_KEY = 'moonshot-key-that-no-program-may-see';
const ITS_KEY = 'key-the-operator-gives-to-the-program';

/** Tells what it was given, or does what the last line of its input says. */
const PROGRAM = `
  const { spawn } = require('node:child_process');
  const { writeFileSync, renameSync } = require('node:fs');
  const tellPid = (file) => { writeFileSync(file + '.new', String(process.pid)); renameSync(file + '.new', file); };
  const forever = () => setInterval(() => undefined, 1000);
  const does = {
    tell: (input) => console.log(JSON.stringify({ input, args: process.argv.slice(2), env: process.env, cwd: process.cwd() })),
    flood: () => { const more = () => { while (process.stdout.write('flood '.repeat(1000))); process.stdout.once('drain', more); }; more(); },
    much: () => console.log('much '.repeat(10000)),
    fail: () => { console.error('x'.repeat(2000) + ' the key ' + process.env.OWN_KEY + ' is refused'); process.exit(3); },
    silent: () => undefined,
    json: () => console.log(JSON.stringify({ type: 'result', result: 'out of the JSON', is_error: false })),
    hang: () => { console.log('begun'); forever(); },
    family: (input, file) => {
      const child = 'process.on("SIGTERM", () => undefined); const { writeFileSync, renameSync } = require("node:fs");'
        + '(' + tellPid + ')(' + JSON.stringify(file + '-child') + '); (' + forever + ')()';
      spawn(process.execPath, ['-e', child], { stdio: 'inherit' });
      tellPid(file);
      forever();
    },
  };
  let input = '';
  process.stdin.setEncoding('utf8').on('data', (text) => (input += text)).on('end', () => {
    const [what, ...rest] = input.trim().split('\\n').at(-1).split(' ');
    (does[what] ?? does.tell)(input, ...rest);
  });
`;

const directory = temporaryDirectory();
const project = join(directory, 'project');
const file = join(directory, 'clink.json');
const script = join(directory, 'program.cjs');

let server: Standalone;
let client: McpClient;

beforeAll(async () => {
  mkdirSync(project);
  writeFileSync(join(project, 'a.ts'), 'export {};\n');
  writeFileSync(join(project, '.env'), 'SECRET=1\n');
  writeFileSync(script, PROGRAM);
  writeFileSync(join(directory, 'judge.txt'), 'You judge.\n');
  const node = { command: process.execPath, additional_args: [script, '--always'] };
  const roles = { judge: { prompt_path: 'judge.txt', role_args: ['--as-judge'] } };
  const clis = [
    { ...node, name: 'agent', env: { OWN_KEY: ITS_KEY }, roles },
    { ...node, name: 'hasty', timeout_seconds: 1 },
  ];
  writeFileSync(file, JSON.stringify({ clis }));
  const env = {
    TOOL_PROFILE: 'full',
    EXAI_CLINK_FILE: file,
    EXAI_FILE_ROOTS: project,
    KIMI_API_KEY: OUR_KEY,
    EXAI_SIMULATOR: 'on',
  };
  server = await startStandalone({ env });
  client = await connect('v2-default', 'websocket', server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function clink(args: Payload, options?: CallOptions, by = client): Promise<Payload> {
  const { structuredContent = {} } = await by.callTool('clink', { cli_name: 'agent', ...args }, options);
  return structuredContent;
}
const errorOf = (payload: Payload) =>
  payload['error'] as { code: string; message: string; retryable: boolean; details?: { reason?: string } };
const told = (payload: Payload) =>
  JSON.parse(String(payload['content'])) as {
    input: string;
    args: string[];
    env: Record<string, string>;
    cwd: string;
  };

describe('clink', () => {
  it('hands prompt, role and paths to the program, in the first root, and answers with what it prints', async () => {
    const a = join(project, 'a.ts');
    const payload = await clink({
      prompt: 'Look at $(this); please.',
      role: 'judge',
      absolute_file_paths: a,
    });
    expect(payload).toMatchObject({
      status: 'continuation_available',
      content_type: 'markdown',
      metadata: { tool_name: 'clink', cli_name: 'agent', role: 'judge' },
    });
    expect(told(payload)).toMatchObject({
      input: `You judge.\n\nFiles to look at:\n- ${a}\n\nLook at $(this); please.`,
      args: ['--always', '--as-judge'],
      cwd: project,
    });
  });

  it('keeps every key and setting of ours from the program', async () => {
    const payload = await clink({ prompt: 'tell' });
    const { env } = told(payload);
    expect(env['OWN_KEY']).toBe(ITS_KEY);
    expect(JSON.stringify(payload)).not.toContain(OUR_KEY);
    expect(Object.keys(env).filter((name) => /^EXAI_|API_KEY$|DATABASE|JWT|TOOL_PROFILE/.test(name))).toEqual(
      [],
    );
  });

  it('goes on with a conversation, also one of another tool', async () => {
    const chat = await client.callTool('chat', {
      prompt: '[[sim: echo]] the word is heron',
      model: 'simulator-1',
    });
    const continuation_id = chat.structuredContent?.['continuation_id'];
    const next = await clink({ prompt: 'Which word?', continuation_id });
    expect(next['continuation_id']).toBe(continuation_id);
    expect(told(next).input).toMatch(/BEGIN ASSISTANT [0-9a-f]{16}\nthe word is heron\n.*Which word\?$/s);
    expect(told(await clink({ prompt: 'And now?', continuation_id })).input).toContain('Which word?');
    const stranger = await connect('v1', 'http', server, server.token({ subject: 'stranger' }));
    try {
      const refused = await clink({ prompt: 'Which word?', continuation_id }, {}, stranger);
      expect(errorOf(refused).code).toBe('CONVERSATION_EXPIRED');
    } finally {
      await stranger.close();
    }
  });

  it('takes the answer out of the JSON that agent programs print', async () => {
    expect(await clink({ prompt: 'json' })).toMatchObject({ content: 'out of the JSON' });
  });

  it('cuts a long answer, and stops a program that never stops talking', async () => {
    const long = await clink({ prompt: 'much' });
    expect(long).toMatchObject({ metadata: { truncated: true } });
    expect(String(long['content'])).toMatch(/much\s*\n\n\[answer cut at 20000 characters\]$/);
    const endless = await clink({ prompt: 'flood' });
    expect(endless).toMatchObject({
      metadata: { truncated: true, warnings: ['agent was stopped after 4 MiB of output'] },
    });
    expect(String(endless['content']).length).toBeLessThan(20_100);
  });

  it('tells name, exit code and last words of a program that fails, its secrets left out, and asks once', async () => {
    const error = errorOf(await clink({ prompt: 'fail' }));
    expect(error).toMatchObject({ code: 'PROVIDER_REJECTED', retryable: false, attempts: 1 });
    expect(error.message).toMatch(
      /^The program agent ended with exit code 3: x+ the key \[redacted\] is refused$/,
    );
    expect(error.details?.reason).toHaveLength(500);
    expect(errorOf(await clink({ prompt: 'silent' }))).toMatchObject({
      code: 'PROVIDER_REJECTED',
      message: 'The program agent ended without an answer.',
    });
    expect(server.output()).not.toContain(ITS_KEY);
  });

  it('stops a program that takes longer than it may', async () => {
    const error = errorOf(await clink({ cli_name: 'hasty', prompt: 'hang' }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { stage: 'program hasty' } });
  });

  it('stops the program and all it has started when the call is cancelled', async () => {
    const pids = join(directory, 'family');
    const abort = new AbortController();
    const call = clink({ prompt: `family ${pids}` }, { signal: abort.signal }).catch(() => undefined);
    const pidIn = (path: string) =>
      eventually(() => existsSync(path) && Number(readFileSync(path, 'utf8')), 'the program runs');
    const family = [await pidIn(pids), await pidIn(`${pids}-child`)];
    expect(family.every(isAlive)).toBe(true);
    abort.abort();
    await eventually(() => !family.some(isAlive), 'all of it is gone', { timeoutMs: 5_000 });
    await call;
  });

  it('refuses paths, programs and roles that are not allowed, before anything runs', async () => {
    const refused = async (args: Payload) => errorOf(await clink({ prompt: 'tell', ...args })).code;
    expect(await refused({ absolute_file_paths: ['/etc/passwd'] })).toBe('FILE_DENIED');
    expect(await refused({ images: [join(project, '.env')] })).toBe('FILE_DENIED');
    expect(await refused({ absolute_file_paths: [join(project, 'none.ts')] })).toBe('FILE_NOT_FOUND');
    expect(await refused({ cli_name: 'sh' })).toBe('INVALID_ARGUMENT');
    expect(await refused({ role: 'root' })).toBe('INVALID_ARGUMENT');
    expect(await refused({ cli_name: 'hasty', role: 'judge' })).toBe('INVALID_ARGUMENT');
  });
});

describe('a start with EXAI_CLINK_FILE', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = temporaryDirectory();
    return () => rmSync(dataDir, { recursive: true, force: true });
  });

  async function run(main: string, env: Record<string, string>) {
    const common = {
      EXAI_DATA_DIR: dataDir,
      EXAI_LOG_FORMAT: 'json',
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
    };
    const program = new ServerProcess(main, minimalEnvironment({ ...common, ...env }));
    return { code: await program.exited, output: program.output };
  }

  it.each(['gateway', 'worker'] as const)(
    'is refused by the %s when the file is bad, with every fault',
    async (name) => {
      const bad = join(dataDir, 'bad.json');
      writeFileSync(
        bad,
        JSON.stringify({
          clis: [
            { name: 'gone', command: '/nowhere' },
            { name: 'also', command: 'a/b' },
          ],
        }),
      );
      const { code, output } = await run(MAIN[name], { EXAI_CLINK_FILE: bad });
      expect(code, output).toBe(78);
      expect(output).toMatch(/cli \\?"gone\\?", field command/);
      expect(output).toMatch(/cli \\?"also\\?", field command/);
    },
  );

  it('is refused where others can reach the server', async () => {
    const { code, output } = await run(MAIN.gateway, { EXAI_CLINK_FILE: file, HOST: '0.0.0.0' });
    expect(code, output).toBe(78);
    expect(output).toMatch(/EXAI_CLINK_FILE \(refused when HOST is not loopback/);
  });
});
