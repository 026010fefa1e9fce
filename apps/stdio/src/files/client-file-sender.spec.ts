import { CLIENT_FILES_META, clientFilesSchema, type ClientFiles } from '#libs/file-access';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientFileSender, type PreparedCall } from './client-file-sender.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'exai-sender-')));
const root = join(base, 'root');
const at = (name: string) => join(root, name);
const signal = new AbortController().signal;
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');

beforeAll(() => {
  mkdirSync(at('src/deep'), { recursive: true });
  mkdirSync(at('.exai'));
  writeFileSync(at('a.ts'), 'one\r\ntwo');
  writeFileSync(at('src/b.ts'), 'b');
  writeFileSync(at('src/deep/c.ts'), 'c');
  writeFileSync(at('src/logo.png'), PNG);
  writeFileSync(at('.env'), 'KEY=secret');
  writeFileSync(at('.exai/token'), 'secret');
  writeFileSync(at('big.txt'), 'x'.repeat(60_000));
  writeFileSync(join(base, 'outside.txt'), 'outside');
  symlinkSync(join(base, 'outside.txt'), at('link'));
});
afterAll(() => rmSync(base, { recursive: true }));

function sender(maxMessageBytes = 100_000): ClientFileSender {
  return new ClientFileSender({
    config: { files: { roots: [root] }, server: { dataDir: join(base, 'data') } },
    denied: [at('.exai')],
    maxMessageBytes,
    log: () => undefined,
  });
}

const call = (name: string, args: object, meta?: object) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args, ...(meta && { _meta: meta }) },
  });

interface Sent {
  readonly params: { readonly arguments: object; readonly _meta: Readonly<Record<string, unknown>> };
}

function messageOf(prepared: PreparedCall): Sent {
  if ('refusal' in prepared) throw new Error(`refused: ${prepared.refusal.code}`);
  return JSON.parse(prepared.line) as Sent;
}

/** As the gateway takes it. */
function filesOf(prepared: PreparedCall): ClientFiles {
  return clientFilesSchema.parse(messageOf(prepared).params._meta[CLIENT_FILES_META]);
}

const pathsOf = (prepared: PreparedCall) => filesOf(prepared).files.map(({ path }) => path);

describe('a call that asks a model', () => {
  it('takes the files along that it names, and is otherwise as it was', async () => {
    const args = { prompt: 'x', files: [at('a.ts')], __proto__: null };
    const prepared = await sender().prepare(call('chat', args, { progressToken: 7 }), signal);
    expect(filesOf(prepared)).toEqual({
      readBy: 'client',
      files: [{ path: at('a.ts'), content: 'one\ntwo' }],
      skipped: [],
    });
    const { params } = messageOf(prepared);
    expect(params.arguments).toEqual(args);
    expect(params._meta['progressToken']).toBe(7);
  });

  it('takes along what is in a directory, and says what is not', async () => {
    const prepared = await sender().prepare(call('chat', { files: at('src') }), signal);
    expect(filesOf(prepared)).toEqual({
      readBy: 'client',
      files: [
        { path: at('src/b.ts'), content: 'b' },
        { path: at('src/deep/c.ts'), content: 'c' },
        { path: at('src'), directory: true },
      ],
      skipped: [{ path: at('src/logo.png'), reason: 'binary' }],
    });
  });

  it('takes images along by what they are, not by their names', async () => {
    const images = [at('src/logo.png'), 'data:image/png;base64,AAAA'];
    const prepared = await sender().prepare(call('chat', { images }), signal);
    const image = { mediaType: 'image/png', data: PNG.toString('base64') };
    expect(filesOf(prepared).files).toEqual([{ path: at('src/logo.png'), image }]);
    expect(await sender().prepare(call('chat', { images: [at('a.ts')] }), signal)).toMatchObject({
      refusal: { code: 'FILE_BINARY' },
    });
  });

  it('says that this side reads also when it names none', async () => {
    expect(filesOf(await sender().prepare(call('chat', { prompt: 'x' }), signal))).toEqual({
      readBy: 'client',
      files: [],
      skipped: [],
    });
  });

  it('is left alone when the client sends files itself', async () => {
    const line = call('chat', { files: [at('.env')] }, { [CLIENT_FILES_META]: { readBy: 'client' } });
    expect(await sender().prepare(line, signal)).toMatchObject({ line });
  });

  it('takes along what its thread has named before, as far as it is readable', async () => {
    const { prepare } = bound(sender());
    const first = await prepare(call('chat', { files: [at('src'), at('a.ts')] }));
    if ('line' in first) first.onThread('thread');
    const second = await prepare(call('chat', { prompt: 'x', continuation_id: 'thread' }));
    expect(pathsOf(second)).toEqual([at('a.ts'), at('src/b.ts'), at('src/deep/c.ts'), at('src')]);
    expect(pathsOf(await prepare(call('chat', { prompt: 'x', continuation_id: 'other' })))).toEqual([]);
  });
});

describe('a step of a workflow', () => {
  const step = (number: number, more: boolean, args: object = {}) =>
    call('analyze', { step_number: number, next_step_required: more, ...args });

  it('only notes files; the last one takes along those of all steps', async () => {
    const { prepare } = bound(sender());
    const first = await prepare(step(1, true, { relevant_files: [at('a.ts')] }));
    expect(pathsOf(first)).toEqual([]);
    if ('line' in first) first.onThread('thread');
    const second = await prepare(
      step(2, true, {
        relevant_files: [at('src/b.ts')],
        files_checked: [at('big.txt'), at('no-longer-there')],
        images: [at('src/logo.png')],
        continuation_id: 'thread',
      }),
    );
    expect(pathsOf(second)).toEqual([at('src/logo.png')]);
    const last = await prepare(
      step(3, false, { relevant_files: [at('src/deep/c.ts')], continuation_id: 'thread' }),
    );
    expect(pathsOf(last)).toEqual([at('src/deep/c.ts'), at('src/b.ts'), at('a.ts'), at('src/logo.png')]);
  });

  it.each([true, false])('is refused for a file that may not be read, more steps: %s', async (more) => {
    const args = { relevant_files: [at('a.ts'), at('.env')] };
    expect(await sender().prepare(step(1, more, args), signal)).toMatchObject({
      refusal: { code: 'FILE_DENIED', details: { field: '/relevant_files/1' } },
    });
  });

  it('leaves out what has no room, oldest first, and says so', async () => {
    const { prepare } = bound(sender(50_000));
    const args = { relevant_files: [at('big.txt'), at('a.ts')] };
    expect(filesOf(await prepare(step(1, false, args)))).toMatchObject({
      files: [{ path: at('a.ts') }],
      skipped: [{ path: at('big.txt'), reason: 'no room left in the message' }],
    });
  });

  it('of a tool that asks at every step takes its files along at once', async () => {
    const args = { next_step_required: true, relevant_files: [at('a.ts')] };
    expect(pathsOf(await sender().prepare(call('consensus', args), signal))).toEqual([at('a.ts')]);
  });
});

describe('a call is refused here', () => {
  it.each([
    ['outside the roots', () => join(base, 'outside.txt'), 'FILE_DENIED'],
    ['behind a link out of them', () => at('link'), 'FILE_DENIED'],
    ['a secret by name', () => at('.env'), 'FILE_DENIED'],
    ['in the data directory of a gateway', () => at('.exai/token'), 'FILE_DENIED'],
    ['missing', () => at('missing'), 'FILE_NOT_FOUND'],
    ['binary', () => at('src/logo.png'), 'FILE_BINARY'],
    ['relative', () => 'a.ts', 'INVALID_ARGUMENT'],
  ])('for a file that is %s', async (_what, path, code) => {
    const prepared = await sender().prepare(call('chat', { files: [at('a.ts'), path()] }), signal);
    if (!('refusal' in prepared)) throw new Error('sent');
    expect(prepared.refusal.code).toBe(code);
    expect(prepared.refusal.hint).toContain('read by the stdio shim on this computer');
    expect(JSON.stringify(prepared)).not.toContain('secret');
  });

  it('for files that do not fit into a message', async () => {
    const prepared = await sender(50_000).prepare(call('chat', { files: [at('big.txt')] }), signal);
    expect(prepared).toMatchObject({ refusal: { code: 'FILE_TOO_LARGE' } });
    expect(JSON.stringify(prepared)).toContain('48 KiB per message');
  });

  it('never for the part that is our own: a message that just fitted says that it is too large', async () => {
    const line = call('chat', { prompt: 'x'.repeat(1_000) });
    expect(await sender(line.length + 10).prepare(line, signal)).toMatchObject({
      refusal: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });
});

it('a cancelled call is not read for, and does not hold up the next', async () => {
  const abort = new AbortController();
  const reading = sender();
  const cancelled = reading.prepare(call('chat', { files: [at('src')] }), abort.signal);
  abort.abort();
  await expect(cancelled).rejects.toThrow('aborted');
  expect(pathsOf(await reading.prepare(call('chat', { files: [at('a.ts')] }), signal))).toEqual([at('a.ts')]);
});

function bound(of: ClientFileSender) {
  return { prepare: (line: string) => of.prepare(line, signal) };
}
