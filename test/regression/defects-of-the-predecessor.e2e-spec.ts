import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

type Payload = Readonly<Record<string, unknown>>;

const [postgres] = backends();

/** What the system before this one did to its users, each by its symptom; README.md lists where the others are. */
describe('a server with Kimi and GLM', () => {
  const files = mkdtempSync(join(tmpdir(), 'exai-defects-'));
  let rig: Rig;
  let client: McpClient;

  beforeAll(async () => {
    if (!postgres) throw new Error('There is no queue to test with.');
    rig = await Rig.open(postgres, {
      env: ({ baseUrl }) => ({
        EXAI_FILE_ROOTS: files,
        KIMI_API_KEY: 'kimi-test',
        KIMI_BASE_URL: baseUrl,
        GLM_API_KEY: 'glm-test',
        GLM_BASE_URL: baseUrl,
      }),
    });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterAll(async () => {
    await client.close();
    await rig.close();
    rmSync(files, { recursive: true });
  });

  const call = async (tool: string, args: Record<string, unknown>): Promise<Payload> =>
    (await client.callTool(tool, args)).structuredContent ?? {};
  const codeOf = (payload: Payload) => (payload['error'] as { code?: string } | undefined)?.code;
  const debug = (step: number, more: Payload): Promise<Payload> =>
    call('debug', {
      step: `step ${step}`,
      step_number: step,
      total_steps: 10,
      next_step_required: true,
      findings: `finding ${step}`,
      ...more,
    });
  const query = async (sql: string, parameters: unknown[] = []): Promise<Payload[]> => {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    const { rows } = await database.query<Payload>(sql, parameters);
    await database.end();
    return rows;
  };

  it('D-10, D-28: models were listed without context, and under a name that cost eleven times as much', async () => {
    const { models } = (await call('listmodels', { include_retired: true })) as {
      models: readonly { id: string; context_window: number; aliases: readonly string[] }[];
    };
    expect(models.filter(({ context_window }) => !(context_window > 0))).toEqual([]);
    const names = models.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    const byId = new Map(models.map((model) => [model.id, model]));
    expect(byId.get('glm-4.5-x')).toMatchObject({ price: { input: 2.2 } });
    expect(byId.get('glm-4.5-air')).toMatchObject({ price: { input: 0.2 } });
    expect(byId.get('kimi-k2-0905-preview')).toMatchObject({ status: 'retired', replaced_by: 'kimi-k2.6' });
  });

  it('D-12: a model that does not exist was replaced by another in silence', async () => {
    const before = (await rig.simulator.requests()).length;
    const payload = await call('chat', { prompt: 'Who are you?', model: 'kimi-k2.7' });
    expect(codeOf(payload)).toBe('MODEL_NOT_FOUND');
    expect(JSON.stringify(payload['error'])).toContain('kimi-k2.7-code');
    expect(await rig.simulator.requests()).toHaveLength(before);
    const named = await call('chat', { prompt: 'Who are you?', model: 'glm-4.7', use_websearch: false });
    expect(named['metadata']).toMatchObject({ model_used: 'glm-4.7', provider_used: 'glm' });
  });

  it('D-20: steps that were all equally sure ended the workflow', async () => {
    let id: unknown;
    for (let step = 1; step <= 10; step += 1) {
      const payload = await debug(step, { confidence: 'medium', ...(step > 1 && { continuation_id: id }) });
      expect(payload).toMatchObject({ status: 'pause_for_investigation', step_number: step });
      id = payload['continuation_id'];
    }
  });

  it('D-21: the table of schema versions was missing', async () => {
    const versions = await query('SELECT * FROM schema_version');
    expect(versions.length).toBeGreaterThan(0);
    const { schema_version: told } = await call('version', {});
    expect(JSON.stringify(versions)).toContain(String(told));
  });

  it('D-22: one turn was written up to four times', async () => {
    const { continuation_id: id } = await call('chat', {
      prompt: 'Once?',
      model: 'glm-4.7',
      use_websearch: false,
    });
    const turns = await query('SELECT seq, role FROM messages WHERE conversation_id = $1 ORDER BY seq', [id]);
    expect(turns.map(({ role }) => role)).toEqual(['user', 'assistant']);
  });

  it('D-25: the model that was asked at the end had seen 10 KB of a file', async () => {
    const file = join(files, 'long.ts');
    const last = 'The last line was seen.';
    writeFileSync(
      file,
      `${'// a line of forty characters, no more..\n'.repeat(1_500)}// [[sim: answer(${last})]]\n`,
    );
    const payload = await debug(1, {
      model: 'kimi-k2.6',
      next_step_required: false,
      relevant_files: [file],
    });
    expect(payload).toMatchObject({ status: 'calling_expert_analysis', file_context: { files_embedded: 1 } });
    // The simulated model does what the last line of the file says.
    expect(JSON.stringify(payload['expert_analysis'])).toContain(last);
  });

  it('D-26: one path given as text instead of a list was lost', async () => {
    const file = join(files, 'one.ts');
    writeFileSync(file, 'export const one = 1;\n');
    const payload = await debug(1, { relevant_files: file, files_checked: file });
    expect(payload['investigation_status']).toMatchObject({ files_checked: 1, relevant_files: 1 });
  });

  it('D-30: the list of tools filled the context of every session', async () => {
    const tools = await client.listTools();
    expect(encode(JSON.stringify({ tools })).length).toBeLessThanOrEqual(8_000);
  });

  it('D-37: a failed step ended the session', async () => {
    const first = await debug(1, {});
    const { continuation_id: id } = first;
    expect(codeOf(await debug(2, { continuation_id: id, confidence: 'sure' }))).toBe('INVALID_ARGUMENT');
    expect(codeOf(await debug(2, { continuation_id: id, relevant_files: ['/etc/passwd'] }))).toBe(
      'FILE_DENIED',
    );
    expect(await debug(2, { continuation_id: id })).toMatchObject({
      status: 'pause_for_investigation',
      continuation_id: id,
    });
  });

  it('D-39: an unknown tool was answered as if it had worked', async () => {
    const thrown: unknown = await client.callTool('chatt', {}).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: -32_602, data: { code: 'TOOL_NOT_FOUND' } });
    expect(JSON.stringify((thrown as { data: unknown }).data)).toContain('chat');
  });
});
