import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

type Payload = Record<string, unknown>;

const [backend] = backends();
const payloadOf = ({ structuredContent }: ToolResult): Payload => structuredContent ?? {};
const idOf = (payload: Payload) => String(payload['continuation_id']);
const metadataOf = (payload: Payload) => payload['metadata'] as Payload;

async function openRig(env: Readonly<Record<string, string>>, workers = 1): Promise<Rig> {
  if (!backend) throw new Error('there is no queue');
  return Rig.open(backend, { env, workers });
}

/** What becomes of the question to a model at the end of a workflow when things go wrong, or happen at once. */
describe('the question at the end of a workflow', () => {
  let rig: Rig;
  let client: McpClient;
  const files = temporaryDirectory();
  const pool = join(files, 'pool.ts');

  beforeAll(async () => {
    writeFileSync(pool, 'export const limit = 7;\n');
    rig = await openRig({ EXAI_FILE_ROOTS: files, EXAI_RETRY_ATTEMPTS: '2' });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  }, 120_000);

  afterAll(async () => {
    await client.close();
    await rig.close();
    rmSync(files, { recursive: true });
  });

  const send = (tool: string, args: Payload, options: CallOptions = {}): Promise<ToolResult> =>
    client.callTool(
      tool,
      {
        model: 'simulator-1',
        step: 'look',
        step_number: 1,
        total_steps: 2,
        next_step_required: true,
        ...args,
      },
      { timeout: 60_000, ...options },
    );
  const debug = (args: Payload, options?: CallOptions) =>
    send('debug', { findings: 'seen', ...args }, options);
  const begin = async (): Promise<string> =>
    idOf(payloadOf(await debug({ relevant_files: [pool], findings: 'seen first' })));
  const last = (id: string, findings: string): Payload => ({
    continuation_id: id,
    step_number: 2,
    next_step_required: false,
    findings,
  });
  const requestsSince = async (count: number) => (await rig.simulator.requests()).slice(count);
  const countRequests = async () => (await rig.simulator.requests()).length;

  it('leaves the local work beside the error when it fails for good, for MCP and for REST', async () => {
    const id = await begin();
    const result = await debug(last(id, '[[sim: 500]] found it'));
    expect(result.isError).toBe(true);
    const expected = {
      status: 'error',
      error: { code: 'PROVIDER_UNAVAILABLE', attempts: 2 },
      investigation_complete: true,
      expert_analysis: { status: 'analysis_error' },
      complete_investigation: { steps_taken: 2, relevant_files: [pool] },
      continuation_id: id,
    };
    expect(payloadOf(result)).toMatchObject(expected);
    expect(result.content[1]?.text).toContain('seen first');
    const callId = String(result._meta?.['io.exai/callId']);
    const { error, ...partial } = expected;
    expect(await readCall(rig.gateway, rig.token(), callId)).toMatchObject({
      state: 'FAILED',
      error,
      result: partial,
    });
  }, 90_000);

  it('leaves the local work too when the provider is gone', async () => {
    const token = rig.token({ claims: { max_cost_usd: 1, models: ['simulator-1'] } });
    const other = await connect('v2-default', 'websocket', rig.gateway, token);
    try {
      const step = { step: 'look', total_steps: 2, findings: 'seen' };
      const first = await other.callTool('debug', { ...step, step_number: 1, next_step_required: true });
      rig.simulator.closePort();
      const end = { ...step, ...last(idOf(payloadOf(first)), 'done'), relevant_files: [pool] };
      const failed = await other.callTool('debug', end, { timeout: 60_000 });
      expect(failed.isError).toBe(true);
      expect(payloadOf(failed)).toMatchObject({ complete_investigation: { steps_taken: 2 } });
    } finally {
      await rig.simulator.reopenPort();
      await other.close();
    }
  }, 90_000);

  it('is asked once for two identical last steps at once, and answers and bills both as one', async () => {
    const id = await begin();
    const before = await countRequests();
    const end = last(id, '[[sim: latency(800), answer("use finally")]] the same');
    const results = (await Promise.all([debug(end), debug(end)])).map(payloadOf);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'calling_expert_analysis',
        expert_analysis: { raw_analysis: 'use finally' },
        complete_investigation: { steps_taken: 2 },
        continuation_id: id,
      });
    }
    expect(await requestsSince(before)).toHaveLength(1);
    const [paid, shared] = results.map(metadataOf).sort((a) => ('usage' in a ? -1 : 1));
    expect(paid).toHaveProperty('usage');
    expect(shared).not.toHaveProperty('usage');
    expect(shared).toMatchObject({ shared_answer: true, model_used: 'simulator-1' });
    expect(paid?.['correlation_id']).not.toBe(shared?.['correlation_id']);
  });

  it('is not shared by last steps that differ', async () => {
    const [one, two] = [await begin(), await begin()];
    const before = await countRequests();
    const findings = '[[sim: latency(300), answer("x")]] the same';
    await Promise.all([debug(last(one, findings)), debug(last(two, findings))]);
    expect(await requestsSince(before)).toHaveLength(2);
  });

  it('goes on for the other call when one of two identical ones is cancelled', async () => {
    const id = await begin();
    const before = await countRequests();
    const end = last(id, '[[sim: latency(9000), answer("still here")]] the same');
    const cancel = new AbortController();
    const cancelled = debug(end, { signal: cancel.signal }).catch(() => 'cancelled');
    await eventually(async () => (await countRequests()) > before, 'the question arrives');
    const messages: string[] = [];
    const staying = debug(end, { onprogress: ({ message = '' }) => messages.push(message) });
    const hears = () => messages.some((message) => message.includes('thinking'));
    await eventually(() => Promise.resolve(hears()), 'the second call waits for the same question');
    cancel.abort();
    expect(await cancelled).toBe('cancelled');
    const payload = payloadOf(await staying);
    expect(payload).toMatchObject({ expert_analysis: { raw_analysis: 'still here' } });
    expect(metadataOf(payload)).toHaveProperty('usage');
    const requests = await requestsSince(before);
    expect(requests.map(({ aborted }) => aborted)).toEqual([false]);
  }, 60_000);

  it('fails for both of two identical last steps, each with its work', async () => {
    const id = await begin();
    const end = last(id, '[[sim: latency(300), 500]] the same');
    const results = await Promise.all([debug(end), debug(end)]);
    for (const result of results) {
      expect(payloadOf(result)).toMatchObject({
        error: { code: 'PROVIDER_UNAVAILABLE' },
        complete_investigation: { steps_taken: 2 },
      });
    }
  }, 90_000);

  it.each([
    ['debug', 'no_bug_found', 'Ask the user'],
    ['testgen', 'test_sample_needed', 'existing tests'],
    ['testgen', 'more_tests_required', 'pending'],
    ['analyze', 'full_codereview_required', 'codereview'],
    ['codereview', 'focused_review_required', 'Split the scope'],
    ['refactor', 'refactoring_paused', 'again'],
    ['thinkdeep', 'investigation_paused', 'again'],
  ])('of %s ends with the status %s where the model says so', async (tool, status, words) => {
    const answer = `[[sim: answer(${JSON.stringify(JSON.stringify({ status, reason: 'because' }))})]]`;
    const first = payloadOf(await send(tool, { findings: 'seen', relevant_files: [pool] }));
    const result = await send(tool, last(idOf(first), answer));
    expect(result.isError).toBeFalsy();
    expect(payloadOf(result)).toMatchObject({ status, reason: 'because' });
    expect(payloadOf(result)['next_steps']).toContain(words);
    expect(payloadOf(result)).not.toHaveProperty('expert_analysis');
  });

  it('shows the model the style examples, which must lie where tools may read from the first step on', async () => {
    const style = join(files, 'style.ts');
    writeFileSync(style, 'export const tidy = true;\n');
    const step = { findings: 'seen', relevant_files: [pool] };
    const refused = payloadOf(await send('refactor', { ...step, style_guide_examples: ['/etc/hostname'] }));
    expect(refused).toMatchObject({
      error: { code: 'FILE_DENIED', details: { field: '/style_guide_examples/0' } },
    });
    const first = payloadOf(await send('refactor', { ...step, style_guide_examples: [style] }));
    const end = payloadOf(await send('refactor', last(idOf(first), '[[sim: echo]]')));
    expect(JSON.stringify(end['expert_analysis'])).toContain('tidy = true');
    expect(end).toMatchObject({ file_context: { files_embedded: 2 } });
  });

  it.each([
    ['FILE_DENIED', '/etc'],
    ['INVALID_ARGUMENT', 'src'],
    ['FILE_NOT_FOUND', join(files, 'nowhere')],
  ])('of precommit begins with a path that is checked: %s for %s', async (code, path) => {
    expect(payloadOf(await send('precommit', { findings: 'seen', path }))).toMatchObject({ error: { code } });
  });

  it('shows files that an earlier tool of the conversation showed', async () => {
    const chat = await client.callTool('chat', {
      model: 'simulator-1',
      prompt: 'what is this?',
      files: [pool],
    });
    const continuation_id = idOf(payloadOf(chat));
    const first = { continuation_id, findings: 'seen one' };
    await debug(first);
    const end = payloadOf(await debug(last(continuation_id, '[[sim: echo]] two')));
    expect(JSON.stringify(end['expert_analysis'])).toContain('limit = 7');
  });

  it('follows a finished plan with another that knows it', async () => {
    const plan = (args: Payload) =>
      client.callTool('planner', { total_steps: 1, next_step_required: false, ...args }).then(payloadOf);
    const done = await plan({ step: 'move to a queue', step_number: 1 });
    expect(done).toMatchObject({ status: 'planning_complete' });
    const again = { continuation_id: idOf(done), step_number: 1, step: 'now the cache' };
    expect(await plan({ ...again, total_steps: 2, next_step_required: true })).toMatchObject({
      previous_plan_summary: 'move to a queue\n\n## Plan\n1. move to a queue',
      plan_history: [{ steps: [{ content: 'now the cache' }] }],
    });
  });
});

/** Each worker runs one call at a time, so that two calls at once are on two of them. */
describe('two identical last steps on two workers', () => {
  it('are both answered', async () => {
    const rig = await openRig({ EXAI_WORKER_CONCURRENCY: '1' }, 2);
    const client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
    try {
      const step = { model: 'simulator-1', step: 'look', total_steps: 2 };
      const first = await client.callTool('thinkdeep', {
        ...step,
        step_number: 1,
        next_step_required: true,
        findings: 'seen',
      });
      const end = {
        ...step,
        step_number: 2,
        next_step_required: false,
        continuation_id: idOf(payloadOf(first)),
        findings: '[[sim: latency(1000), answer("yes")]]',
      };
      const results = await Promise.all(
        [1, 2].map(() => client.callTool('thinkdeep', end, { timeout: 60_000 })),
      );
      for (const result of results) {
        expect(payloadOf(result)).toMatchObject({ expert_analysis: { raw_analysis: 'yes' } });
      }
    } finally {
      await client.close();
      await rig.close();
    }
  }, 120_000);
});

describe('a conversation that is nearly full', () => {
  it('says at each step how many more it takes', async () => {
    const rig = await openRig({ EXAI_CONVERSATION_MAX_TURNS: '6' });
    const client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
    try {
      const warnings: unknown[] = [];
      let id: string | undefined;
      for (const step_number of [1, 2, 3, 4]) {
        const payload = payloadOf(
          await client.callTool('planner', {
            step: 'plan',
            step_number,
            total_steps: 9,
            next_step_required: true,
            ...(id !== undefined && { continuation_id: id }),
          }),
        );
        id ??= idOf(payload);
        const { code } = (payload['error'] ?? {}) as { code?: string };
        warnings.push(code ?? metadataOf(payload)['warnings']);
      }
      expect(warnings).toEqual([
        undefined,
        ['the conversation has room for one more step: make it the last'],
        ['the conversation is full: begin a new one without continuation_id, with a summary of what matters'],
        'CONVERSATION_FULL',
      ]);
    } finally {
      await client.close();
      await rig.close();
    }
  }, 120_000);
});
