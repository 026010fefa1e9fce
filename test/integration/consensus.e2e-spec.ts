import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { bearer, readCall } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { freePort } from '../harness/ports.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { startVendorServer, type VendorServer } from '../harness/vendor-server.js';

type Payload = Record<string, unknown>;

interface MemberRow {
  readonly id: string;
  readonly state: string;
  readonly model: string | null;
  readonly costUsd: number | null;
  readonly attempts: number;
}

const KIMI = 'kimi-k2.6';
const GLM = 'glm-5';
const DEEPSEEK = 'deepseek-v4-pro';
const UNREACHABLE = 'gpt-oss-120b';
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');
const panelOf = (...models: string[]) => models.map((model) => ({ model, stance: 'neutral' }));
const PANEL = [{ model: KIMI, stance: 'for' }, { model: GLM, stance: 'against' }, { model: DEEPSEEK }];

/** A panel of models, from a real client to several simulated vendors, on a worker with two places. */
describe.each(backends())('consensus, with the queue on $name', (backend) => {
  let rig: Rig;
  let client: McpClient;
  /** Keeps what it is sent. */
  let recorder: VendorServer;
  const files = temporaryDirectory();
  const plan = join(files, 'plan.md');
  const sketch = join(files, 'sketch.png');

  beforeAll(async () => {
    writeFileSync(plan, 'the plan in its file\n');
    writeFileSync(sketch, PNG);
    recorder = await startVendorServer();
    const nobody = `http://127.0.0.1:${await freePort()}/v1`;
    rig = await Rig.open(backend, {
      env: ({ baseUrl }) => ({
        EXAI_FILE_ROOTS: files,
        EXAI_WORKER_CONCURRENCY: '2',
        KIMI_API_KEY: 'a-key-for-the-simulator-only',
        KIMI_BASE_URL: baseUrl,
        GLM_API_KEY: 'another-key.for-the-simulator-only',
        GLM_BASE_URL: baseUrl,
        DEEPSEEK_API_KEY: 'a-third-key-for-the-simulator-only',
        DEEPSEEK_BASE_URL: baseUrl,
        MISTRAL_API_KEY: 'a-key-for-the-recorder-only',
        MISTRAL_BASE_URL: recorder.url,
        GROQ_API_KEY: 'a-key-for-nobody',
        GROQ_BASE_URL: nobody,
      }),
    });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterEach(() => rig.simulator.resetControl());

  afterAll(async () => {
    await client.close();
    await rig.close();
    await recorder.close();
    rmSync(files, { recursive: true });
  });

  const send = (args: Payload, options: CallOptions = {}, by = client): Promise<ToolResult> => {
    const usual = { step: 'Should we?', step_number: 1, total_steps: 3, next_step_required: true };
    return by.callTool('consensus', { ...usual, ...args }, { timeout: 90_000, ...options });
  };
  const payloadOf = ({ structuredContent }: ToolResult): Payload => structuredContent ?? {};
  const consensus = async (args: Payload, options?: CallOptions, by = client) =>
    payloadOf(await send(args, options, by));
  const begin = (models: readonly object[], more: Payload = {}, options?: CallOptions) =>
    consensus({ models, findings: 'mine', ...more }, options);
  const all = (models: readonly object[], more: Payload = {}, options?: CallOptions) =>
    begin(models, { execution: 'parallel', ...more }, options);
  const errorOf = (payload: Payload) => payload['error'] as { code: string; hint: string };
  const callIdOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);

  const query = async <Row>(sql: string, parameters: unknown[]): Promise<Row[]> => {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    try {
      return (await database.query(sql, parameters)).rows as Row[];
    } finally {
      await database.end();
    }
  };
  const membersOf = (callId: string) =>
    query<MemberRow>(
      `SELECT id, state, model, cost_usd::float8 AS "costUsd", attempts FROM tool_calls
       WHERE parent_id = $1 ORDER BY model`,
      [callId],
    );
  const turnsOf = (id: unknown) =>
    query<{ role: string; content: string; model: string | null }>(
      'SELECT role, content, model FROM messages WHERE conversation_id = $1 ORDER BY seq',
      [id],
    );
  /** The newest call that asks others. */
  const newestParent = async () => {
    const [row] = await query<{ id: string; state: string }>(
      `SELECT id, state FROM tool_calls WHERE tool = 'consensus' AND parent_id IS NULL
       ORDER BY accepted_at DESC LIMIT 1`,
      [],
    );
    return row;
  };
  const lastSeq = async () => (await rig.simulator.requests()).at(-1)?.seq ?? 0;
  const requestsSince = async (seq: number) =>
    (await rig.simulator.requests()).filter((entry) => entry.seq > seq && entry.isChat);
  /** How often each model was asked. */
  const askedSince = async (seq: number) => {
    const counts: Record<string, number> = {};
    for (const { model } of await requestsSince(seq))
      counts[String(model)] = (counts[String(model)] ?? 0) + 1;
    return counts;
  };
  const answering = (model: string, text: string) =>
    rig.simulator.control({ always: `answer(${JSON.stringify(text)})`, forModel: model });

  it('consults one model per step, and puts all answers together with the last', async () => {
    const before = await lastSeq();
    answering(KIMI, 'yes');
    answering(GLM, 'no');
    answering(DEEPSEEK, 'perhaps');
    const result = await send({ models: PANEL, findings: 'I would.' });
    const first = payloadOf(result);
    expect(first).toMatchObject({
      status: 'analysis_and_first_model_consulted',
      step_number: 1,
      total_steps: 3,
      next_step_required: true,
      agent_analysis: { initial_analysis: 'Should we?', findings: 'I would.' },
      model_consulted: KIMI,
      model_stance: 'for',
      model_response: {
        model: KIMI,
        stance: 'for',
        status: 'success',
        verdict: 'yes',
        metadata: { provider_used: 'kimi' },
      },
      current_model_index: 1,
      metadata: { tool_name: 'consensus' },
    });
    expect(first['next_steps']).toContain(`${GLM}:against`);
    const more = { continuation_id: first['continuation_id'] };

    const second = await consensus({ ...more, step_number: 2, step: 'hm', next_step_required: false });
    expect(second).toMatchObject({
      status: 'model_consulted',
      next_step_required: true,
      model_consulted: GLM,
      model_response: { verdict: 'no' },
      current_model_index: 2,
    });
    const repeated = await consensus({ ...more, step_number: 2, step: 'again' });
    expect(repeated).toMatchObject({ model_consulted: GLM, model_response: { verdict: 'no' } });

    const last = await consensus({ ...more, step_number: 3, step: 'hm', next_step_required: false });
    expect(last).toMatchObject({
      status: 'consensus_workflow_complete',
      next_step_required: false,
      consensus_complete: true,
      model_response: { model: DEEPSEEK, stance: 'neutral', verdict: 'perhaps' },
      complete_consensus: {
        initial_prompt: 'Should we?',
        models_consulted: [`${KIMI}:for`, `${GLM}:against`, `${DEEPSEEK}:neutral`],
        missing_models: [],
        total_responses: 3,
        failed_responses: 0,
        consensus_confidence: 'high',
        usage: { total_tokens: expect.any(Number) as unknown },
      },
      accumulated_responses: [{ verdict: 'yes' }, { verdict: 'no' }, { verdict: 'perhaps' }],
    });
    expect(await askedSince(before)).toEqual({ [KIMI]: 1, [GLM]: 1, [DEEPSEEK]: 1 });
    expect((await turnsOf(first['continuation_id'])).map(({ content }) => content)).toEqual([
      'Should we?',
      `${KIMI} (for): yes`,
      `Consult ${GLM} (against)`,
      `${GLM} (against): no`,
      `Consult ${DEEPSEEK} (neutral)`,
      `${DEEPSEEK} (neutral): perhaps`,
    ]);
    expect((await turnsOf(first['continuation_id'])).every(({ model }) => model === null)).toBe(true);

    // The money stands in the row of the member, once.
    const report = await readCall(rig.gateway, rig.token(), callIdOf(result));
    expect(report).toMatchObject({ state: 'COMPLETED', costUsd: null, inputTokens: null, parentId: null });
    const [member] = await membersOf(callIdOf(result));
    expect(member).toMatchObject({ state: 'COMPLETED', model: KIMI, costUsd: expect.any(Number) as unknown });
    const { model_response: response } = first as { model_response: { metadata: { cost_usd: number } } };
    expect(member?.costUsd).toBeCloseTo(response.metadata.cost_usd, 8);
    const memberReport = await readCall(rig.gateway, rig.token(), String(member?.id));
    expect(memberReport).toMatchObject({ parentId: callIdOf(result), state: 'COMPLETED' });
  }, 60_000);

  it('consults all models in the first step, and tells how far it is', async () => {
    const messages: string[] = [];
    rig.simulator.control({ always: 'latency(300)' });
    const done = await all(
      PANEL,
      { next_step_required: false },
      {
        onprogress: ({ message }) => messages.push(message ?? ''),
      },
    );
    expect(done).toMatchObject({
      status: 'consensus_workflow_complete',
      next_step_required: false,
      complete_consensus: { total_responses: 3, failed_responses: 0, consensus_confidence: 'high' },
    });
    expect(done['accumulated_responses']).toHaveLength(3);
    expect(messages).toContainEqual(expect.stringMatching(/^asking (kimi|glm|deepseek)/));
    expect(messages).toContainEqual(expect.stringMatching(/^[12] of 3 models have answered/));
    const turns = await turnsOf(done['continuation_id']);
    expect(turns).toHaveLength(2);
    for (const { model } of PANEL) expect(turns[1]?.content).toContain(`${model} (`);

    const after = await consensus({ step_number: 4, continuation_id: done['continuation_id'] });
    expect(errorOf(after).code).toBe('INVALID_ARGUMENT');
  }, 60_000);

  it('shows a model the proposal and its files, and nothing that anybody else said', async () => {
    const chat = await client.callTool('chat', { model: 'simulator-1', prompt: 'history-canary' });
    const id = payloadOf(chat)['continuation_id'];
    const seen = recorder.requests.length;
    const first = await begin(
      [
        { model: 'mistral-large-4', stance: 'for' },
        { model: 'mistral-small-latest', stance: 'against', stance_prompt: 'emphasis-canary' },
        { model: 'mistral-large-4', stance: 'neutral' },
      ],
      {
        step: 'the proposal itself',
        findings: 'findings-canary',
        relevant_files: [plan],
        continuation_id: id,
      },
    );
    expect(first).toMatchObject({ continuation_id: id, model_response: { verdict: 'The answer.' } });
    const note = { findings: 'notes-canary', continuation_id: id, relevant_files: [plan] };
    await consensus({ ...note, step_number: 2, step: 'step-canary' });
    const last = await consensus({ ...note, step_number: 3, step: 'step-canary' });
    expect(last['status']).toBe('consensus_workflow_complete');

    const bodies = recorder.requests
      .slice(seen)
      .filter(({ path }) => path.endsWith('/completions'))
      .map(({ body }) => body as { messages: { role: string; content: string }[] });
    expect(bodies).toHaveLength(3);
    for (const { messages } of bodies) {
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
      expect(messages[1]?.content).toContain('the proposal itself');
      expect(messages[1]?.content).toContain('the plan in its file');
      const told = JSON.stringify(messages);
      for (const secret of ['history', 'findings', 'notes', 'step']) {
        expect(told).not.toContain(`${secret}-canary`);
      }
      expect(told).not.toContain('The answer.');
      expect(told).not.toContain('mistral');
    }
    const systems = bodies.map(({ messages }) => messages[0]?.content ?? '');
    expect(systems.map((text) => /Your stance: (\w+)/.exec(text)?.[1])).toEqual([
      'for',
      'against',
      'neutral',
    ]);
    expect(systems.map((text) => text.includes('emphasis-canary'))).toEqual([false, true, false]);
    const stored = JSON.stringify([
      await turnsOf(id),
      await query('SELECT state FROM workflows WHERE conversation_id = $1', [id]),
    ]);
    for (const secret of ['findings', 'notes', 'step']) expect(stored).not.toContain(`${secret}-canary`);
  }, 60_000);

  it('shows images to models that can see, and names a model that cannot', async () => {
    const seen = recorder.requests.length;
    const models = panelOf('mistral-small-latest', 'codestral-latest');
    const done = await all(models, { images: [sketch, `data:image/png;base64,${PNG.toString('base64')}`] });
    expect(done).toMatchObject({
      complete_consensus: {
        missing_models: [{ model: 'codestral-latest:neutral', code: 'MODEL_CAPABILITY' }],
        failed_responses: 1,
      },
    });
    const [request, ...others] = recorder.requests
      .slice(seen)
      .filter(({ path }) => path.endsWith('/completions'));
    expect(others).toEqual([]);
    const sent = JSON.stringify(request?.body).split(PNG.toString('base64'));
    expect(sent).toHaveLength(3);

    const large = `data:image/png;base64,${'A'.repeat(2_800_001)}`;
    expect(errorOf(await all(models, { images: [large] })).code).toBe('FILE_TOO_LARGE');
  }, 60_000);

  it('reads no file for a caller who may not', async () => {
    const token = rig.token({ subject: 'reader', scopes: ['tools:list', 'tools:call', 'calls:read'] });
    const reader = await connect('v2-default', 'websocket', rig.gateway, token);
    const refused = await consensus({ models: PANEL, findings: 'x', relevant_files: [plan] }, {}, reader);
    const asked = await consensus({ models: PANEL, findings: 'x' }, {}, reader);
    await reader.close();
    expect(errorOf(refused).code).toBe('FORBIDDEN');
    expect(asked).toMatchObject({ model_response: { status: 'success' } });
  });

  it('completes without a model that cannot answer, and names it', async () => {
    const done = await send({
      execution: 'parallel',
      findings: 'mine',
      models: panelOf(KIMI, GLM, UNREACHABLE),
    });
    expect(done.isError ?? false).toBe(false);
    const payload = payloadOf(done);
    expect(payload).toMatchObject({
      status: 'consensus_workflow_complete',
      complete_consensus: {
        missing_models: [{ model: `${UNREACHABLE}:neutral` }],
        total_responses: 3,
        failed_responses: 1,
        consensus_confidence: 'medium',
      },
    });
    expect(payload['content']).toContain(UNREACHABLE);
    const responses = payload['accumulated_responses'] as Payload[];
    expect(responses[2]).toMatchObject({
      model: UNREACHABLE,
      status: 'error',
      error: { code: expect.stringMatching(/^PROVIDER_/) as unknown },
    });
  }, 60_000);

  it('says plainly that nobody answered, and asks again when the step is repeated', async () => {
    rig.simulator.control({ always: '400-context', forModel: GLM });
    const panel = panelOf(UNREACHABLE, GLM);
    const none = await all(panel);
    expect(none).toMatchObject({
      status: 'consensus_workflow_complete',
      complete_consensus: { failed_responses: 2, consensus_confidence: 'low' },
    });
    expect(none['content']).toMatch(/^None of the 2 models/);
    rig.simulator.resetControl();
    const again = await all(panel, { continuation_id: none['continuation_id'] });
    expect(again).toMatchObject({
      complete_consensus: { missing_models: [{ model: `${UNREACHABLE}:neutral` }], failed_responses: 1 },
    });
  }, 60_000);

  it('asks only the model again whose vendor had a fault that passes', async () => {
    const before = await lastSeq();
    rig.simulator.control({ script: ['503'], forModel: GLM });
    const result = await send({ models: PANEL, findings: 'mine', execution: 'parallel' });
    expect(payloadOf(result)).toMatchObject({ complete_consensus: { consensus_confidence: 'high' } });
    expect(await askedSince(before)).toEqual({ [KIMI]: 1, [GLM]: 2, [DEEPSEEK]: 1 });
    expect((await membersOf(callIdOf(result))).map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
    const report = await readCall(rig.gateway, rig.token(), callIdOf(result));
    expect(report).toMatchObject({ state: 'COMPLETED', attempts: 1 });
  }, 60_000);

  it('gives up waiting for a model before the call itself is out of time', async () => {
    rig.simulator.control({ always: 'latency(60000)', forModel: GLM });
    const options = { meta: { 'io.exai/timeoutMs': 12_000 } };
    const done = await all(panelOf(KIMI, GLM), {}, options);
    expect(done).toMatchObject({
      status: 'consensus_workflow_complete',
      complete_consensus: { missing_models: [{ model: `${GLM}:neutral`, code: 'DEADLINE_EXCEEDED' }] },
    });
  }, 60_000);

  it('completes after its worker was killed, and asks nobody twice who had answered', async () => {
    const before = await lastSeq();
    rig.simulator.control({ always: 'latency(2500)', forModel: KIMI });
    const call = send({ models: PANEL, findings: 'mine', execution: 'parallel' });
    await eventually(async () => {
      const parent = await newestParent();
      const states = parent && (await membersOf(parent.id)).map(({ state }) => state);
      const isAsked = (await askedSince(before))[KIMI] === 1;
      return isAsked && states?.filter((state) => state === 'COMPLETED').length === 2;
    }, 'two models have answered and the third is asked');
    const [victim] = rig.workers.splice(0, 1);
    await victim?.kill9();
    await rig.addWorker();
    const done = payloadOf(await call);
    expect(done).toMatchObject({ complete_consensus: { consensus_confidence: 'high' } });
    expect(await askedSince(before)).toEqual({ [KIMI]: 2, [GLM]: 1, [DEEPSEEK]: 1 });
  }, 120_000);

  it('answers more calls at once than the worker has places, with all their models', async () => {
    rig.simulator.control({ always: 'latency(50)' });
    const calls = await Promise.all(
      Array.from({ length: 10 }, (_, index) => all(PANEL, { step: `Proposal ${index}` })),
    );
    for (const [index, done] of calls.entries()) {
      expect(done).toMatchObject({
        complete_consensus: { initial_prompt: `Proposal ${index}`, failed_responses: 0 },
      });
    }
  }, 120_000);

  it('has four models of a call open at once, and takes the next when one has answered', async () => {
    rig.simulator.control({ always: 'latency(800)' });
    const models = [KIMI, GLM, DEEPSEEK, 'kimi-k2.5', 'glm-5.2', 'glm-4.7'];
    const call = all(panelOf(...models));
    const most = { open: 0, taken: 0 };
    const isOver = call.then(() => true);
    const watch = async (): Promise<void> => {
      const parent = await newestParent();
      const members = parent?.state === 'COMPLETED' ? [] : await membersOf(parent?.id ?? '');
      const open = members.filter(({ state }) => state !== 'COMPLETED').length;
      most.open = Math.max(most.open, open);
      most.taken = Math.max(most.taken, members.length);
    };
    await eventually(
      async () => {
        await watch();
        return Promise.race([isOver, Promise.resolve(false)]);
      },
      'the call ends',
      { timeoutMs: 40_000, everyMs: 20 },
    );
    expect(await call).toMatchObject({ complete_consensus: { total_responses: 6, failed_responses: 0 } });
    expect(most).toEqual({ open: 4, taken: 6 });
  }, 60_000);

  it('ends the models too when the call is cancelled', async () => {
    const before = await lastSeq();
    rig.simulator.control({ always: 'latency(30000)' });
    const abort = new AbortController();
    const call = send({ models: PANEL, findings: 'mine', execution: 'parallel' }, { signal: abort.signal });
    call.catch(() => undefined);
    await eventually(async () => (await requestsSince(before)).length === 2, 'two models are asked');
    const parent = await newestParent();
    abort.abort();
    const ended = await eventually(async () => {
      const entries = await requestsSince(before);
      return entries.every(({ finishedAt }) => finishedAt !== null) ? entries : undefined;
    }, 'the requests end');
    expect(ended.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect((await membersOf(parent?.id ?? '')).map(({ state }) => state)).toEqual([
      'CANCELLED',
      'CANCELLED',
      'CANCELLED',
    ]);
    expect((await readCall(rig.gateway, rig.token(), parent?.id ?? '')).state).toBe('CANCELLED');
    // The third had waited for a place: nobody asks it any more.
    rig.simulator.resetControl();
    expect(await all(panelOf(KIMI, GLM))).toMatchObject({ status: 'consensus_workflow_complete' });
    expect(await requestsSince(before)).toHaveLength(4);
  }, 60_000);

  it('ends the models too when the call fails meanwhile', async () => {
    const first = await begin(PANEL);
    const id = first['continuation_id'];
    const before = await lastSeq();
    rig.simulator.control({ always: 'latency(30000)', forModel: GLM });
    const call = consensus({ step_number: 2, continuation_id: id });
    await eventually(async () => (await requestsSince(before)).length === 1, 'the model is asked');
    await query('DELETE FROM conversations WHERE id = $1', [id]);
    expect(errorOf(await call).code).toBe('CONVERSATION_EXPIRED');
    const [entry] = await eventually(async () => {
      const entries = await requestsSince(before);
      return entries.every(({ finishedAt }) => finishedAt !== null) ? entries : undefined;
    }, 'the request ends');
    expect(entry?.aborted).toBe(true);
  }, 60_000);

  it('lets only its owner go on, and see its models', async () => {
    const result = await send({ models: PANEL, findings: 'mine' });
    const id = payloadOf(result)['continuation_id'];
    const token = rig.token({ subject: 'stranger' });
    const stranger = await connect('v2-default', 'websocket', rig.gateway, token);
    const foreign = await consensus({ step_number: 2, continuation_id: id }, {}, stranger);
    await stranger.close();
    expect(errorOf(foreign).code).toBe('CONVERSATION_EXPIRED');
    const [member] = await membersOf(callIdOf(result));
    const response = await fetch(`${rig.gateway.url}/api/v1/calls/${member?.id}`, { headers: bearer(token) });
    expect(response.status).toBe(404);
  });

  it('adds the answers of steps that are sent at once', async () => {
    const first = await begin(PANEL);
    const more = { continuation_id: first['continuation_id'], next_step_required: false };
    const both = await Promise.all([2, 3].map((step) => consensus({ ...more, step_number: step })));
    expect(both.map(({ status }) => status).sort()).toEqual([
      'consensus_workflow_complete',
      'model_consulted',
    ]);
  }, 60_000);

  describe('before any model is asked, refuses', () => {
    const faultOf = async (args: Payload) => {
      const before = await lastSeq();
      const fault = await send(args).then(
        (result) => JSON.stringify(payloadOf(result)),
        (error: unknown) => JSON.stringify(error),
      );
      expect(await requestsSince(before)).toEqual([]);
      return fault;
    };
    const twice = { model: KIMI, stance: 'for' };

    it.each([
      ['a first step without models', { findings: 'mine' }, '/models'],
      ['a first step without findings', { models: PANEL }, '/findings'],
      ['a later step of no consensus', { step_number: 2, models: PANEL, findings: 'x' }, '/step_number'],
      ['one model', { findings: 'mine', models: [twice] }, '/models'],
      ['eleven models', { findings: 'mine', models: Array(11).fill(twice) }, '/models'],
      ['a model twice with one stance', { findings: 'mine', models: [twice, twice] }, '/models/1'],
      [
        'a model by alias and by name',
        { findings: 'mine', models: [twice, { ...twice, model: `KIMI/${KIMI}` }] },
        '/models/1',
      ],
      [
        'an unknown stance',
        { findings: 'mine', models: [twice, { model: GLM, stance: 'maybe' }] },
        '/models/1/stance',
      ],
      [
        'an unknown field of a model',
        { findings: 'mine', models: [twice, { model: GLM, position: 'x' }] },
        '/models/1/position',
      ],
      ['automatic choice', { findings: 'mine', models: [twice, { model: 'auto' }] }, '/models/1/model'],
      ['a model beside the panel', { findings: 'mine', models: PANEL, model: KIMI }, '/model'],
    ])('%s', async (_what, args, pointer) => {
      const fault = await faultOf(args);
      expect(fault).toContain('INVALID_ARGUMENT');
      expect(fault).toContain(pointer);
    });

    it('a model that does not exist, with names that are like it', async () => {
      const fault = await faultOf({ findings: 'mine', models: [twice, { model: 'glm-5.22' }] });
      expect(fault).toContain('MODEL_NOT_FOUND');
      expect(fault).toContain('glm-5.2');
    });

    it('a file outside the roots', async () => {
      expect(await faultOf({ findings: 'mine', models: PANEL, relevant_files: ['/etc/passwd'] })).toContain(
        'FILE_DENIED',
      );
    });
  });
});
