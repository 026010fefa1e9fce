import { encode } from 'gpt-tokenizer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const UNKNOWN = '0199c0de-0000-7000-8000-000000000001';

/** The answer of a call that is asked for later, by its id alone. */
describe.each(backends())('call_result, with the queue on $name', (backend) => {
  let rig: Rig;
  let client: McpClient;
  let later: McpClient;
  let stranger: McpClient;
  let database: pg.Client;

  beforeAll(async () => {
    rig = await Rig.open(backend, { workers: 0 });
    const token = rig.token({ subject: 'owner' });
    client = await connect('v2-default', 'websocket', rig.gateway, token);
    later = await connect('v1', 'http', rig.gateway, token);
    stranger = await connect('v2-pinned', 'http', rig.gateway, rig.token({ subject: 'stranger' }));
    database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
  });

  afterAll(async () => {
    await database.end();
    await Promise.all([client, later, stranger].map((one) => one.close()));
    await rig.close();
  });

  const chat = (prompt: string) => client.callTool('chat', { model: 'simulator-1', prompt });
  const ask = (callId: string, as = later) => as.callTool('call_result', { call_id: callId });
  const idOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);
  const errorOf = ({ structuredContent }: ToolResult) =>
    structuredContent?.['error'] as Readonly<Record<string, unknown>>;

  it('is one of 21 in the list, for at most 150 tokens', async () => {
    const listed = await later.listTools();
    expect(listed).toHaveLength(21);
    const own = listed.find(({ name }) => name === 'call_result');
    expect(own).toMatchObject({ annotations: { readOnlyHint: true, idempotentHint: true } });
    expect(encode(JSON.stringify(own)).length).toBeLessThanOrEqual(150);
  });

  it('tells without any worker that a call is open, and hands its answer on when it has ended', async () => {
    const answer = chat('[[sim: echo]] swallows');
    const [row] = await eventually(async () => {
      const { rows } = await database.query<{ id: string }>("SELECT id FROM tool_calls WHERE tool = 'chat'");
      return rows.length > 0 && rows;
    }, 'the call is accepted');
    const callId = row?.id ?? '';
    const open = await ask(callId);
    expect(open.isError ?? false).toBe(false);
    expect(open.structuredContent).toMatchObject({ status: 'in_progress', call_id: callId, tool: 'chat' });
    expect(open.structuredContent?.['call_state']).toMatch(/^(ACCEPTED|QUEUED)$/);
    expect(open.structuredContent?.['seconds_since_accepted']).toBeLessThan(60);
    expect(open.structuredContent?.['content']).toContain('again in a few seconds');

    await rig.addWorker();
    const original = await answer;
    expect(idOf(original)).toBe(callId);
    const ended = await ask(callId);
    expect(ended.isError ?? false).toBe(false);
    expect(ended.structuredContent).toEqual({
      ...original.structuredContent,
      call_id: callId,
      call_state: 'COMPLETED',
    });
    expect(JSON.parse(ended.content[0]?.text ?? '')).toEqual(ended.structuredContent);
    expect(idOf(ended)).not.toBe(callId);
  });

  it('hands a failure on with the same envelope', async () => {
    const failed = await client.callTool('chat', { model: 'no-such-model', prompt: 'Hello?' });
    const again = await ask(idOf(failed));
    expect(again.isError).toBe(true);
    expect(again.structuredContent).toMatchObject({
      status: 'error',
      call_id: idOf(failed),
      call_state: 'FAILED',
      metadata: { tool_name: 'chat' },
    });
    expect(errorOf(again)).toEqual(errorOf(failed));
    expect(again._meta?.['io.exai/error']).toEqual(errorOf(failed));
  });

  it('gives the same words for the call of another caller and for none', async () => {
    const ended = await chat('[[sim: echo]] mine');
    const refusals = [await ask(idOf(ended), stranger), await ask(UNKNOWN, stranger), await ask(UNKNOWN)];
    const envelopes = refusals.map((refusal) => {
      expect(refusal.isError).toBe(true);
      return { ...errorOf(refusal), correlationId: '', callId: '' };
    });
    expect(envelopes[0]).toMatchObject({ code: 'NOT_FOUND' });
    expect(new Set(envelopes.map((envelope) => JSON.stringify(envelope))).size).toBe(1);
  });

  it('refuses what is no id', async () => {
    const refused = await ask('no-uuid');
    expect(refused.isError).toBe(true);
    expect(errorOf(refused)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('says of an answer past its keeping time that it is gone', async () => {
    const ended = await chat('[[sim: echo]] forgotten');
    await database.query('UPDATE tool_calls SET args = NULL, result = NULL WHERE id = $1', [idOf(ended)]);
    const gone = await ask(idOf(ended));
    expect(gone.isError).toBe(true);
    expect(errorOf(gone)).toMatchObject({ code: 'NOT_FOUND' });
    expect(errorOf(gone)['message']).toContain('no longer kept');
  });

  it('is recorded without the answer, which is kept with its own call only', async () => {
    const ended = await chat('[[sim: echo]] once');
    const asked = idOf(await ask(idOf(ended)));
    const recorded = await eventually(async () => {
      const { rows } = await database.query('SELECT state, result FROM tool_calls WHERE id = $1', [asked]);
      return rows.length > 0 && rows;
    }, 'the inline call is recorded');
    expect(recorded).toEqual([{ state: 'COMPLETED', result: null }]);
  });
});
