import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { MAIN, temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { minimalEnvironment } from '../harness/standalone.js';

type Payload = Readonly<Record<string, unknown>>;

const FILES = 'io.exai/files';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The client's files lie where the gateway may not read: what a model sees of them has travelled with the call. */
describe('files of another computer', () => {
  const [backend] = backends();
  const disk = realpathSync(temporaryDirectory());
  const gatewayRoot = realpathSync(temporaryDirectory());
  const at = (name: string) => join(disk, 'project', name);
  let rig: Rig;
  let stdio: Client;

  beforeAll(async () => {
    mkdirSync(at('src'), { recursive: true });
    writeFileSync(at('notes.txt'), 'the notes say tangerine\n');
    writeFileSync(at('src/a.ts'), 'const pear = 1;\n');
    writeFileSync(at('src/b.ts'), 'const quince = 2;\n');
    writeFileSync(at('src/logo.png'), PNG);
    writeFileSync(at('.env'), 'KEY=secret-of-the-client');
    writeFileSync(at('large.txt'), 'x'.repeat(1_000_000));
    writeFileSync(join(disk, 'outside.txt'), 'secret-of-the-client');
    symlinkSync(join(disk, 'outside.txt'), at('link.txt'));
    writeFileSync(join(gatewayRoot, 'decoy.txt'), 'the decoy of the gateway\n');
    if (!backend) throw new Error('no queue');
    rig = await Rig.open(backend, { env: { EXAI_FILE_ROOTS: gatewayRoot, EXAI_MAX_BODY_MIB: '2' } });
    stdio = await openShim({ EXAI_SHIM_FILES: 'client', EXAI_FILE_ROOTS: at('') });
  });

  afterAll(async () => {
    await stdio.close();
    await rig.close();
    for (const directory of [disk, gatewayRoot]) rmSync(directory, { recursive: true });
  });

  const openShim = async (env: Readonly<Record<string, string>>): Promise<Client> => {
    const client = new Client({ name: 'stdio-files', version: '1.0.0' });
    const shim = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN.cli, 'stdio', '--url', rig.gateway.url],
      env: minimalEnvironment({ EXAI_TOKEN: rig.token(), EXAI_MAX_BODY_MIB: '2', ...env }),
      stderr: 'ignore',
    });
    await client.connect(shim);
    return client;
  };
  const call = async (name: string, args: Payload, by = stdio): Promise<Payload> => {
    const { structuredContent } = await by.callTool({
      name,
      arguments: { model: 'simulator-1', ...args },
    });
    return structuredContent as Payload;
  };
  const chat = (prompt: string, args: Payload = {}, by = stdio) =>
    call('chat', { prompt: `[[sim: echo]] ${prompt}`, ...args }, by);
  const errorOf = (payload: Payload) => payload['error'] as { code: string; message: string; hint: string };
  const metadataOf = (payload: Payload) => payload['metadata'] as Payload;
  const query = async (sql: string): Promise<Payload[]> => {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    try {
      return (await database.query<Payload>(sql)).rows;
    } finally {
      await database.end();
    }
  };
  const sentWithCalls = async (): Promise<string[]> =>
    (await query('SELECT client_files::text AS sent FROM tool_calls ORDER BY accepted_at, id')).map(
      ({ sent }) => String(sent),
    );

  describe('through the stdio shim', () => {
    it('are shown to the model, one by one and by directory', async () => {
      const answer = await chat('what do they say?', { files: [at('notes.txt'), at('src')] });
      const content = String(answer['content']);
      expect(content).toContain('the notes say tangerine');
      expect(content).toContain(at('src/a.ts'));
      expect(content).toContain('const pear = 1;');
      expect(content).toContain('const quince = 2;');
      expect(content).toContain(`${at('src/logo.png')}: binary`);
      expect(metadataOf(answer)['files_read_by']).toBe('client');
    });

    it('are shown again in a later turn, as they are by then', async () => {
      const first = await chat('one', { files: [at('notes.txt')] });
      writeFileSync(at('notes.txt'), 'the notes say mandarin\n');
      const second = await chat('two', { continuation_id: first['continuation_id'] });
      expect(second['content']).toContain('the notes say mandarin');
      expect(metadataOf(second)['files_read_by']).toBe('client');
    });

    it('may be images', async () => {
      const answer = await chat('what is it?', { images: [at('src/logo.png')] });
      expect(answer).toMatchObject({ status: 'continuation_available' });
      expect((await sentWithCalls()).at(-1)).toContain(PNG.toString('base64'));
    });

    it.each([
      ['a secret by its name', '.env', 'FILE_DENIED'],
      ['a link out of the roots', 'link.txt', 'FILE_DENIED'],
      ['a file outside the roots', '../outside.txt', 'FILE_DENIED'],
      ['a file of the gateway', join('../..', 'etc/hostname'), 'FILE_DENIED'],
      ['a file that is not there', 'missing.txt', 'FILE_NOT_FOUND'],
      ['more than a message takes', 'large', 'FILE_TOO_LARGE'],
    ])('are refused on this side, and nothing is sent: %s', async (_what, name, code) => {
      const before = (await sentWithCalls()).length;
      const large = ['large.txt', 'large2.txt', 'large3.txt'].map(at);
      for (const path of large) writeFileSync(path, 'x'.repeat(1_000_000));
      const files = name === 'large' ? large : [at('notes.txt'), at(name)];
      const result = (await stdio.callTool({
        name: 'chat',
        arguments: { prompt: 'x', files },
      })) as ToolResult;
      expect(result.isError).toBe(true);
      expect(result.structuredContent).toMatchObject({ status: 'error', error: { code } });
      expect(errorOf(result.structuredContent ?? {}).hint).toContain(
        'read by the stdio shim on this computer',
      );
      expect(result._meta?.['io.exai/error']).toMatchObject({ code });
      await call('version', {});
      const sent = await sentWithCalls();
      expect(sent.slice(before).filter((text) => text !== 'null')).toEqual([]);
      expect(sent.join()).not.toContain('secret-of-the-client');
    });

    it('of a workflow are sent at its end, those of all steps', async () => {
      const before = (await sentWithCalls()).length;
      const step = (number: number, args: Payload) =>
        call('debug', {
          step: `look ${number} [[sim: echo]]`,
          step_number: number,
          total_steps: 3,
          next_step_required: number < 3,
          findings: `seen ${number}`,
          ...args,
        });
      const first = await step(1, { relevant_files: [at('src/a.ts')] });
      const { continuation_id } = first;
      expect(first).toMatchObject({ status: 'pause_for_investigation' });
      await step(2, {
        continuation_id,
        relevant_files: [at('src/b.ts')],
        files_checked: [at('notes.txt'), at('gone.txt')],
      });
      const last = await step(3, { continuation_id });
      const { raw_analysis: seen } = last['expert_analysis'] as { raw_analysis: string };
      expect(seen).toContain('const pear = 1;');
      expect(seen).toContain('const quince = 2;');
      expect(seen).not.toContain('the notes say');
      expect(last).toMatchObject({
        file_context: { files_embedded: 2 },
        metadata: { files_read_by: 'client' },
      });
      const [one, two, three] = (await sentWithCalls()).slice(before);
      expect([one, two].join()).not.toContain('content');
      expect(three).toContain('const pear = 1;');
      expect(three).toContain('const quince = 2;');
    });

    it('stay with the gateway on request, and by default when it is on this computer', async () => {
      for (const env of [{ EXAI_SHIM_FILES: 'gateway' }, {}]) {
        const client = await openShim({ EXAI_FILE_ROOTS: at(''), ...env });
        const answer = await chat('what?', { files: [join(gatewayRoot, 'decoy.txt')] }, client);
        expect(answer['content']).toContain('the decoy of the gateway');
        expect(metadataOf(answer)['files_read_by']).toBe('gateway');
        expect(errorOf(await chat('what?', { files: [at('notes.txt')] }, client)).code).toBe('FILE_DENIED');
        await client.close();
      }
    });
  });

  describe('sent by a client of its own', () => {
    const decoy = join(gatewayRoot, 'decoy.txt');
    const withClient = async <T>(use: (client: McpClient) => Promise<T>, token = rig.token()): Promise<T> => {
      const client = await connect('v2-default', 'http', rig.gateway, token);
      try {
        return await use(client);
      } finally {
        await client.close();
      }
    };
    const ask = (client: McpClient, args: Payload, files: unknown) =>
      client.callTool(
        'chat',
        { model: 'simulator-1', prompt: '[[sim: echo]] what?', ...args },
        { meta: { [FILES]: files } },
      );

    it('count alone: the gateway opens nothing under the same path, now and in later turns', async () => {
      await withClient(async (client) => {
        const mine = { readBy: 'client', files: [{ path: decoy, content: 'mine, not the other' }] };
        const { structuredContent: first = {} } = await ask(client, { files: [decoy] }, mine);
        expect(first['content']).toContain('mine, not the other');
        expect(first['content']).not.toContain('the decoy of the gateway');

        const later = { continuation_id: first['continuation_id'] };
        const { structuredContent: second = {} } = await ask(client, later, { readBy: 'client' });
        expect(second['content']).toContain(`${decoy}: not sent by the client`);
        expect(second['content']).not.toContain('the decoy of the gateway');
        expect(metadataOf(second)['files_read_by']).toBeUndefined();

        const { structuredContent: third = {} } = await ask(client, { files: [decoy] }, { readBy: 'client' });
        expect(errorOf(third)).toMatchObject({
          code: 'FILE_NOT_FOUND',
          message: 'The file was not sent by the client.',
        });
      });
    });

    it('need the scope of files', async () => {
      const token = rig.token({ scopes: ['tools:list', 'tools:call'] });
      await withClient(async (client) => {
        const mine = { readBy: 'client', files: [{ path: '/a', content: 'a' }] };
        const { structuredContent = {} } = await ask(client, { files: ['/a'] }, mine);
        expect(errorOf(structuredContent).code).toBe('FORBIDDEN');
      }, token);
    });

    it.each([
      ['another shape', { readBy: 'gateway' }],
      ['a relative path', { readBy: 'client', files: [{ path: 'a', content: 'a' }] }],
      ['a path of two lines', { readBy: 'client', files: [{ path: '/a\nb', content: 'a' }] }],
      ['a text over 1 MiB', { readBy: 'client', files: [{ path: '/a', content: 'x'.repeat(1_048_577) }] }],
      [
        'more than 200 texts',
        {
          readBy: 'client',
          files: Array.from({ length: 201 }, (_, index) => ({ path: `/${index}`, content: '' })),
        },
      ],
    ])('are refused with %s', async (_what, files) => {
      await withClient(async (client) => {
        const { length } = await sentWithCalls();
        await expect(ask(client, { files: ['/a'] }, files)).rejects.toMatchObject({
          code: -32602,
          data: { code: 'INVALID_PARAMS', details: { field: `_meta["${FILES}"]` } },
        });
        expect(await sentWithCalls()).toHaveLength(length);
      });
    });
  });
});

describe('a gateway without roots', () => {
  let rig: Rig;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('no queue');
    rig = await Rig.open(backend, { env: { EXAI_FILE_ROOTS: ',' } });
  });

  afterAll(() => rig.close());

  it('says how files of another computer are read', async () => {
    const client = await connect('v2-default', 'http', rig.gateway, rig.token());
    const { structuredContent } = await client.callTool('chat', { prompt: 'x', files: ['/a.txt'] });
    await client.close();
    expect(structuredContent).toMatchObject({ error: { code: 'FILE_DENIED' } });
    const { hint } = (structuredContent as { error: { hint: string } }).error;
    expect(hint).toContain('EXAI_FILE_ROOTS');
    expect(hint).toContain('exai stdio');
  });
});
