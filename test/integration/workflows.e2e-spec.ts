import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

type Payload = Record<string, unknown>;

interface Envelope {
  readonly code: string;
  readonly hint: string;
}

/** Workflow tools from a real client to the simulated model, with `debug` for all of them. */
describe.each(backends())('with the queue on $name', (backend) => {
  let rig: Rig;
  let client: McpClient;
  const files = temporaryDirectory();
  const pool = join(files, 'pool.ts');
  const lock = join(files, 'lock.ts');

  beforeAll(async () => {
    writeFileSync(pool, 'export const limit = 7;\n');
    writeFileSync(lock, 'export const held = true;\n');
    rig = await Rig.open(backend, { env: { EXAI_FILE_ROOTS: files, TOOL_PROFILE: 'full' } });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterAll(async () => {
    await client.close();
    await rig.close();
    rmSync(files, { recursive: true });
  });

  const send = (args: Payload, options?: CallOptions, by = client): Promise<ToolResult> => {
    const step = Number(args['step_number'] ?? 1);
    const usual = { model: 'simulator-1', total_steps: 5, next_step_required: true };
    return by.callTool(
      'debug',
      { ...usual, step: `look ${step}`, findings: `seen ${step}`, ...args },
      options,
    );
  };
  const payloadOf = ({ structuredContent }: ToolResult): Payload => structuredContent ?? {};
  const debug = async (args: Payload, options?: CallOptions, by = client): Promise<Payload> =>
    payloadOf(await send(args, options, by));
  const idOf = (payload: Payload) => String(payload['continuation_id']);
  const errorOf = (payload: Payload) => payload['error'] as Envelope;
  const answering = (answer: object | string) =>
    `[[sim: answer(${JSON.stringify(typeof answer === 'string' ? answer : JSON.stringify(answer))})]]`;
  const workOf = (payload: Payload) => payload['complete_investigation'] as Payload;
  const askedText = (payload: Payload) =>
    String((payload['expert_analysis'] as { raw_analysis: string }).raw_analysis);
  const query = async (sql: string, parameters: unknown[]): Promise<unknown[]> => {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    try {
      return (await database.query<Payload>(sql, parameters)).rows;
    } finally {
      await database.end();
    }
  };
  const turnsOf = (id: string) =>
    query('SELECT role, content FROM messages WHERE conversation_id = $1 ORDER BY seq', [id]);
  /** The first steps of a workflow; answers its id. */
  const begin = async (steps: number): Promise<string> => {
    const id = idOf(await debug({ step_number: 1, relevant_files: [pool] }));
    for (let step = 2; step <= steps; step += 1) await debug({ step_number: step, continuation_id: id });
    return id;
  };

  it('goes through five steps, of which the third fails once, to what the model says', async () => {
    const first = await debug({
      step_number: 1,
      step: 'It hangs.',
      files_checked: [pool, lock, `${files}/./pool.ts`],
      relevant_files: pool,
      hypothesis: 'the pool is empty',
    });
    expect(first).toMatchObject({
      status: 'pause_for_investigation',
      step_number: 1,
      total_steps: 5,
      next_step_required: true,
      investigation_required: true,
      investigation_status: {
        files_checked: 2,
        relevant_files: 1,
        relevant_context: 0,
        issues_found: 0,
        images_collected: 0,
        current_confidence: 'low',
        hypotheses_formed: 1,
      },
      file_context: { type: 'reference_only' },
      metadata: { tool_name: 'debug' },
    });
    expect(first['required_actions']).not.toHaveLength(0);
    expect(first['next_steps']).toContain('step_number 2');
    expect((first['metadata'] as Payload)['warnings']).toBeUndefined();
    const continuation = { continuation_id: idOf(first) };

    await debug({ ...continuation, step_number: 2, findings: 'the lock is never released' });

    const bad = await send({ ...continuation, step_number: 3, confidence: 'sure' }).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(bad)).toContain('/confidence');
    expect(
      payloadOf(await send({ ...continuation, step_number: 3, relevant_files: ['/etc/passwd'] })),
    ).toMatchObject({
      status: 'error',
      error: { code: 'FILE_DENIED' },
    });
    expect(await turnsOf(idOf(first))).toHaveLength(4);
    const third = await debug({
      ...continuation,
      step_number: 3,
      confidence: 'medium',
      relevant_files: [lock],
    });
    expect(third).toMatchObject({
      investigation_status: { relevant_files: 2, current_confidence: 'medium' },
    });

    await debug({
      ...continuation,
      step_number: 4,
      issues_found: [{ severity: 'severe', description: 'no finally', file: lock, line: 1 }],
    });
    const last = await debug({
      ...continuation,
      step_number: 5,
      next_step_required: false,
      confidence: 'high',
      findings: `a throw skips the release ${answering({ status: 'analysis_complete', summary: 'use finally' })}`,
    });
    expect(last).toMatchObject({
      status: 'calling_expert_analysis',
      next_step_required: false,
      investigation_complete: true,
      expert_analysis: { status: 'analysis_complete', summary: 'use finally' },
      file_context: { type: 'fully_embedded', files_embedded: 2 },
      complete_investigation: {
        initial_request: 'It hangs.',
        steps_taken: 5,
        files_examined: [pool, lock],
        relevant_files: [pool, lock],
        issues_found: [{ severity: 'medium', description: 'no finally', file: lock, line: 1 }],
        confidence_level: 'high',
      },
      metadata: { model_used: 'simulator-1', provider_used: 'simulator' },
    });
    expect(String(last['important_considerations'])).toMatch(/verify/i);
    expect(last['continuation_id']).toBe(first['continuation_id']);
    const turns = await turnsOf(idOf(first));
    expect(turns).toHaveLength(10);
    expect(turns[0]).toEqual({ role: 'user', content: 'It hangs.' });
    expect(JSON.stringify(turns)).not.toMatch(/continuation|pause_for|required/);
  });

  it('shows the model everything that was gathered, and gives its words as they are', async () => {
    const id = await begin(2);
    const last = await debug({
      continuation_id: id,
      step_number: 3,
      next_step_required: false,
      relevant_files: [lock],
      hypothesis: 'a lost wakeup',
      findings: '[[sim: echo]] the third one',
    });
    expect(last).toMatchObject({ expert_analysis: { status: 'analysis_complete', format: 'text' } });
    const text = askedText(last);
    for (const part of [
      'limit = 7',
      'held = true',
      'look 1',
      'seen 1',
      'seen 2',
      'the third one',
      'lost wakeup',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('forgets the steps from the one it goes back to', async () => {
    const id = await begin(3);
    const last = await debug({
      continuation_id: id,
      step_number: 4,
      backtrack_from_step: 2,
      next_step_required: false,
      findings: '[[sim: echo]] anew',
    });
    expect(workOf(last)).toMatchObject({ steps_taken: 2 });
    const text = askedText(last);
    expect(text).toContain('seen 1');
    expect(text).not.toMatch(/seen [23]/);
    const refused = await debug({ continuation_id: id, step_number: 4, backtrack_from_step: 4 });
    expect(errorOf(refused).code).toBe('INVALID_ARGUMENT');
  });

  it('counts a step that is sent again once, as it was sent last', async () => {
    const id = await begin(2);
    await debug({ continuation_id: id, step_number: 2, findings: 'seen better', files_checked: [lock] });
    const last = await debug({
      continuation_id: id,
      step_number: 3,
      next_step_required: false,
      use_assistant_model: false,
    });
    expect(last).toMatchObject({
      status: 'local_work_complete',
      expert_analysis: { status: 'skipped_by_request' },
    });
    const work = workOf(last);
    expect(work).toMatchObject({ steps_taken: 3, files_examined: [lock] });
    expect(work['work_summary']).toBe('Step 1: seen 1\n\nStep 2: seen better\n\nStep 3: seen 3');
  });

  it('asks no model when the caller is certain', async () => {
    const before = (await rig.simulator.requests()).length;
    const id = await begin(1);
    const end = { continuation_id: id, step_number: 2, next_step_required: false, confidence: 'certain' };
    expect(await debug(end)).toMatchObject({
      status: 'certain_confidence_proceed_with_fix',
      skip_expert_analysis: true,
      expert_analysis: { status: 'skipped_due_to_certain_confidence' },
      complete_investigation: { steps_taken: 2, confidence_level: 'certain' },
    });
    expect((await rig.simulator.requests()).length).toBe(before);
  });

  it('never aborts because the confidence stays the same', async () => {
    const id = await begin(10);
    expect(await debug({ continuation_id: id, step_number: 11 })).toMatchObject({
      status: 'pause_for_investigation',
      total_steps: 11,
    });
  });

  it("hands the model's request for files on as the status of the call", async () => {
    const id = await begin(1);
    const request = {
      status: 'files_required_to_continue',
      mandatory_instructions: 'Show me the caller.',
      files_needed: ['caller.ts'],
      continuation_id: 'forged',
      metadata: {},
    };
    const end = { continuation_id: id, step_number: 2, next_step_required: false };
    const last = await debug({ ...end, findings: answering(request) });
    expect(last).toMatchObject({
      status: 'files_required_to_continue',
      files_needed: ['caller.ts'],
      continuation_id: id,
      metadata: { tool_name: 'debug' },
    });
    expect(last['expert_analysis']).toBeUndefined();
    const again = await debug({ ...end, findings: answering({ summary: 'thanks' }), relevant_files: [lock] });
    expect(again).toMatchObject({
      expert_analysis: { status: 'analysis_complete', summary: 'thanks' },
      complete_investigation: { steps_taken: 2 },
    });
  });

  it('keeps the local work when the model cannot analyse', async () => {
    const id = await begin(1);
    const last = await send({
      continuation_id: id,
      step_number: 2,
      next_step_required: false,
      findings: answering({ status: 'analysis_error', error: 'unclear' }),
    });
    expect(last.isError).toBe(true);
    expect(payloadOf(last)).toMatchObject({
      status: 'error',
      error: { code: 'PROVIDER_BAD_RESPONSE' },
      expert_analysis: { status: 'analysis_error', error: 'unclear' },
      complete_investigation: { steps_taken: 2 },
    });
  });

  it('keeps every step when the provider fails for good, and asks again when the step is sent again', async () => {
    const end = { step_number: 1, next_step_required: false, relevant_files: [pool] };
    const failed = await debug({ ...end, findings: '[[sim: 500]] broken' }, { timeout: 60_000 });
    expect(failed).toMatchObject({ status: 'error', error: { code: 'PROVIDER_UNAVAILABLE', attempts: 3 } });
    const id = /continuation_id ([0-9a-f-]{36})/.exec(errorOf(failed).hint)?.[1];
    expect(id).toBeDefined();
    expect(await turnsOf(String(id))).toEqual([]);
    const again = await debug({ ...end, continuation_id: id, findings: answering('all right') });
    expect(again).toMatchObject({
      expert_analysis: { raw_analysis: 'all right' },
      complete_investigation: { steps_taken: 1 },
    });
    expect(await turnsOf(String(id))).toHaveLength(2);
  }, 90_000);

  it('refuses a model that does not exist at the first step, and begins nothing', async () => {
    const before = await query('SELECT count(*)::int AS n FROM conversations', []);
    const refused = await debug({ step_number: 1, model: 'gpt-nonsense' });
    expect(errorOf(refused).code).toBe('MODEL_NOT_FOUND');
    expect(await query('SELECT count(*)::int AS n FROM conversations', [])).toEqual(before);
  });

  it('asks for a file in place of a text that is too long', async () => {
    const result = await send({ step_number: 1, findings: 'x'.repeat(60_001) });
    expect(result.isError).toBeFalsy();
    expect(payloadOf(result)).toMatchObject({ status: 'resend_prompt' });
    expect(payloadOf(result)['content']).toContain('relevant_files');
  });

  it('accepts a later step alone, with a warning', async () => {
    expect(await debug({ step_number: 3 })).toMatchObject({
      status: 'pause_for_investigation',
      metadata: { warnings: ['workflow started without its earlier steps'] },
    });
  });

  it('refuses an unknown thread', async () => {
    const unknown = '5f0c3a52-5f0b-4f3c-9d7e-0a5b7f1f9f10';
    const refused = await debug({ step_number: 2, continuation_id: unknown });
    expect(errorOf(refused).code).toBe('CONVERSATION_EXPIRED');
  });

  it('names the files that it could not show', async () => {
    const gone = join(files, 'gone.ts');
    writeFileSync(gone, 'soon gone');
    const id = idOf(await debug({ step_number: 1, relevant_files: [gone, pool] }));
    rmSync(gone);
    const last = await debug({ continuation_id: id, step_number: 2, next_step_required: false });
    expect(last).toMatchObject({
      file_context: { files_embedded: 1 },
      metadata: { warnings: [`not shown to the model: ${gone} (gone)`] },
    });
  });

  it('tells while the model thinks that it still does', async () => {
    const messages: string[] = [];
    await debug(
      {
        step_number: 1,
        next_step_required: false,
        relevant_files: [pool],
        findings: '[[sim: latency(6500), ok]] slow',
      },
      { onprogress: ({ message }) => messages.push(message ?? ''), timeout: 60_000 },
    );
    expect(messages).toContain('simulator-1 thinking, 5 s');
  });

  it('goes on in another tool, which knows what was found', async () => {
    const id = await begin(2);
    const result = await client.callTool('chat', {
      model: 'simulator-1',
      prompt: 'so?',
      continuation_id: id,
    });
    expect(payloadOf(result)['content']).toContain('Earlier turns seen: 4.');
  });

  it('keeps many workflows of two clients apart that run at once', async () => {
    const other = await connect('v2-default', 'websocket', rig.gateway, rig.token({ subject: 'other' }));
    try {
      const one = async (mark: string, by: McpClient): Promise<string> => {
        const id = idOf(
          await debug({ step_number: 1, findings: `${mark}a`, relevant_files: [pool] }, {}, by),
        );
        await debug({ step_number: 2, findings: `${mark}b`, continuation_id: id }, {}, by);
        const end = { step_number: 3, next_step_required: false, continuation_id: id };
        const last = await debug({ ...end, findings: `[[sim: echo]] ${mark}c` }, { timeout: 60_000 }, by);
        expect(workOf(last)).toMatchObject({ steps_taken: 3 });
        expect(new Set(askedText(last).match(/mark\d+[abc]/g))).toEqual(
          new Set([`${mark}a`, `${mark}b`, `${mark}c`]),
        );
        return id;
      };
      const runs = Array.from({ length: 20 }, (_, index) =>
        one(`mark${index}`, index % 2 === 0 ? client : other),
      );
      const ids = await Promise.all(runs);
      expect(new Set(ids).size).toBe(20);
      const foreign = await debug({ step_number: 4, continuation_id: ids[0] }, {}, other);
      expect(errorOf(foreign).code).toBe('CONVERSATION_EXPIRED');
    } finally {
      await other.close();
    }
  }, 90_000);

  it('survives its worker being killed while the model thinks, and is written once', async () => {
    const before = (await rig.simulator.requests()).length;
    const call = send(
      {
        step_number: 1,
        next_step_required: false,
        relevant_files: [pool],
        findings: `[[sim: latency(3000), answer("found it")]] about to die`,
      },
      { timeout: 90_000 },
    );
    await eventually(async () => (await rig.simulator.requests()).length > before, 'the question arrives');
    const [victim] = rig.workers.splice(0, 1);
    await victim?.kill9();
    await rig.addWorker();
    const result = await call;
    const last = payloadOf(result);
    expect(last).toMatchObject({
      expert_analysis: { raw_analysis: 'found it' },
      complete_investigation: { steps_taken: 1 },
    });
    const report = await readCall(rig.gateway, rig.token(), String(result._meta?.['io.exai/callId']));
    expect(report).toMatchObject({ state: 'COMPLETED' });
    expect(await turnsOf(idOf(last))).toHaveLength(2);
    const recorded = await query(
      `SELECT count(*)::int AS n FROM workflows WHERE state->'steps'->0->>'findings' LIKE '%about to die'`,
      [],
    );
    expect(recorded).toEqual([{ n: 1 }]);
  }, 120_000);
});
