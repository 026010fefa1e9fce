import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { eventually, isAlive } from '../../../../test/harness/eventually.js';
import { temporaryDirectory } from '../../../../test/harness/paths.js';
import { type OutputLimit } from './limited-output.js';
import { runProgram, type ProgramRun } from './run-program.js';

const AMPLE: OutputLimit = { maxBytes: 1_000_000, over: 'cut' };

const directory = temporaryDirectory();

afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Runs a small program of Node. */
async function run(source: string, options: Partial<ProgramRun> = {}, args: readonly string[] = []) {
  const script = join(directory, 'program.cjs');
  writeFileSync(script, source);
  return runProgram({
    program: process.execPath,
    args: [script, ...args],
    cwd: directory,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    stdout: AMPLE,
    stderr: AMPLE,
    ...options,
  });
}

const pidFile = (name: string) => join(directory, `${name}.pid`);
const pidIn = (name: string) =>
  eventually(() => existsSync(pidFile(name)) && Number(readFileSync(pidFile(name), 'utf8')), `${name} runs`);
const gone = (pid: number) =>
  eventually(() => !isAlive(pid), 'the process is gone', { timeoutMs: 5_000, everyMs: 20 });
/** Source that writes its pid where the test looks for it. */
const tellPid = (name: string) =>
  `require('node:fs').writeFileSync(${JSON.stringify(`${pidFile(name)}.new`)}, String(process.pid));
   require('node:fs').renameSync(${JSON.stringify(`${pidFile(name)}.new`)}, ${JSON.stringify(pidFile(name))});`;
const FOREVER = 'setInterval(() => undefined, 1_000);';

describe('a program', () => {
  it('gets its arguments as they are and its input, and tells its exit code and both outputs', async () => {
    const source = `
      let input = '';
      process.stdin.on('data', (chunk) => (input += chunk));
      process.stdin.on('end', () => {
        console.log(JSON.stringify([process.argv.slice(2), input, process.cwd()]));
        console.error('to the side');
        process.exitCode = 3;
      });`;
    const args = ['$(touch x)', '; ls', '*'];
    const end = await run(source, { input: 'für dich' }, args);
    expect(JSON.parse(end.stdout)).toEqual([args, 'für dich', directory]);
    expect(end).toMatchObject({
      exitCode: 3,
      signal: null,
      stderr: 'to the side\n',
      truncated: false,
      timedOut: false,
    });
  });

  it('sees only the allowed part of our environment, and what is meant for it', async () => {
    vi.stubEnv('EXAI_TOKEN', 'hidden-1');
    vi.stubEnv('KIMI_API_KEY', 'hidden-2');
    vi.stubEnv('DATABASE_URL', 'postgres://hidden-3');
    vi.stubEnv('NODE_OPTIONS', '--no-warnings');
    vi.stubEnv('PATH', `.:relative/bin::${process.env['PATH']}`);
    const { stdout } = await run('console.log(JSON.stringify(process.env))', { env: { OWN: 'given' } });
    const seen = JSON.parse(stdout) as Record<string, string>;
    expect(seen['OWN']).toBe('given');
    expect(stdout).not.toContain('hidden-');
    expect(seen).not.toHaveProperty('NODE_OPTIONS');
    expect(seen['PATH']?.split(':').every((entry) => entry.startsWith('/'))).toBe(true);
  });

  it('may end without reading a large input', async () => {
    const end = await run('process.exit(0)', { input: 'x'.repeat(8_000_000) });
    expect(end).toMatchObject({ exitCode: 0 });
  });

  it('that does not exist is refused with its name, not its path', async () => {
    const error = await run('', { program: join(directory, 'missing') }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PROVIDER_REJECTED',
      message: 'The program missing cannot be started (ENOENT).',
    });
    expect(JSON.stringify(error)).not.toContain(directory);
    await expect(run('', { program: __filename })).rejects.toMatchObject({ code: 'PROVIDER_REJECTED' });
  });
});

describe('output', () => {
  const flood = `const line = 'x'.repeat(999) + '\\n';
    const more = () => { while (process.stdout.write(line)); process.stdout.once('drain', more); };
    ${tellPid('flood')}
    more();`;

  it('that never ends stops the program at the limit', async () => {
    const end = await run(flood, { stdout: { maxBytes: 50_000, over: 'stop' } });
    expect(end).toMatchObject({ exitCode: null, signal: 'SIGTERM', truncated: true, timedOut: false });
    expect(end.stdout).toHaveLength(50_000);
    await gone(await pidIn('flood'));
  });

  it('over the limit is dropped while the program goes on to its end', async () => {
    const source = `process.stdout.write('a'.repeat(300_000), () => { console.error('the end'); process.exit(7); });`;
    const end = await run(source, { stdout: { maxBytes: 1_000, over: 'cut' } });
    expect(end).toMatchObject({ exitCode: 7, truncated: true, stderr: 'the end\n' });
    expect(end.stdout).toBe('a'.repeat(1_000));
  });

  it('can be kept from its end', async () => {
    const source = `for (let i = 0; i < 5000; i += 1) console.error('line ' + i + ' ü');`;
    const end = await run(source, { stderr: { maxBytes: 25, over: 'keep end' } });
    expect(end.stderr).toMatch(/^[ -~ü\n]+line 4999 ü\n$/u);
    expect(Buffer.byteLength(end.stderr)).toBeLessThanOrEqual(25);
  });

  it('is text also when it is not UTF-8 or the limit cuts a character', async () => {
    const bytes = await run(`process.stdout.write(Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x62]))`);
    expect(bytes.stdout).toBe('a\uFFFD\uFFFD\0b');
    const cut = await run(`process.stdout.write('aüü')`, { stdout: { maxBytes: 4, over: 'cut' } });
    expect(cut).toMatchObject({ stdout: 'aü', truncated: true });
  });

  it('that a process left in the background holds open is not waited for, and that process ends', async () => {
    const child = `${tellPid('background')} ${FOREVER}`;
    const source = `require('node:child_process')
        .spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' })
        .unref();
      const wait = () => require('node:fs').existsSync(${JSON.stringify(pidFile('background'))}) ? console.log('done') : setTimeout(wait, 10);
      wait();`;
    const end = await run(source);
    expect(end).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    await gone(await pidIn('background'));
  });
});

describe('an end', () => {
  it('comes by the time limit', async () => {
    const end = await run(`console.log('begun'); ${FOREVER}`, { timeoutMs: 2_000 });
    expect(end).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGTERM', stdout: 'begun\n' });
  });

  it('comes by force to a program that ignores the request', async () => {
    const source = `process.on('SIGTERM', () => console.log('no')); ${tellPid('stubborn')} ${FOREVER}`;
    const started = Date.now();
    const end = await run(source, { timeoutMs: 2_000 });
    expect(end).toMatchObject({ timedOut: true, signal: 'SIGKILL', stdout: 'no\n' });
    expect(Date.now() - started).toBeLessThan(6_000);
    await gone(await pidIn('stubborn'));
  });

  it('comes by abort to the program and to what it started, with the reason of the abort', async () => {
    const inner = `process.on('SIGTERM', () => undefined); ${tellPid('inner')} ${FOREVER}`;
    const source = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'inherit' });
      ${tellPid('outer')} ${FOREVER}`;
    const abort = new AbortController();
    const ended = run(source, { signal: abort.signal }).catch((error: unknown) => error);
    const pids = [await pidIn('outer'), await pidIn('inner')];
    const reason = new Error('not wanted any more');
    abort.abort(reason);
    expect(await ended).toBe(reason);
    await Promise.all(pids.map(gone));
  });

  it('comes before the beginning when the signal is aborted already', async () => {
    const reason = new Error('too late');
    const program = join(directory, 'never started');
    await expect(run('', { program, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
