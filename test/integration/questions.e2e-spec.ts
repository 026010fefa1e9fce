import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { bearer } from '../harness/http.js';
import { modernCall, type ModernAnswer, type ModernOptions } from '../harness/modern-http.js';
import { ROOT, temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type Gateway } from '../harness/standalone.js';

const SERVERS = join(ROOT, 'test/integration/asking-servers');
const SCRIPTS = { gateway: join(SERVERS, 'gateway.mjs'), worker: join(SERVERS, 'worker.mjs') };

/** Calls that ask whoever made them, through two gateways, real workers and the real queue. */
describe.each(backends())('a call that asks, with the queue on $name', (backend) => {
  let rig: Rig;
  let first: Gateway;
  let second: Gateway;
  let pool: pg.Pool;
  let token: string;

  beforeAll(async () => {
    rig = await Rig.open(backend, { gateways: 2, workers: 1, scripts: SCRIPTS });
    const [one, other] = rig.gateways;
    if (!one || !other) throw new Error('Two gateways are needed.');
    [first, second] = [one, other];
    token = rig.token({ subject: 'owner' });
    pool = new pg.Pool({ connectionString: rig.databaseUrl });
    pool.on('error', () => undefined);
  });

  afterAll(async () => {
    await pool.end();
    await rig.close();
  });

  const greet = (server: Gateway, args: Record<string, unknown> = {}, options: ModernOptions = {}) =>
    modernCall(server, token, 'greet', args, options);
  const name = (text: string) => ({ action: 'accept', content: { name: text } });
  const resultOf = ({ result, error }: ModernAnswer) => {
    if (!result) throw new Error(`No result: ${JSON.stringify(error)}`);
    return result as {
      resultType?: string;
      isError?: boolean;
      content?: { type: string; text: string }[];
      inputRequests?: Record<string, { method: string }>;
      requestState?: string;
      structuredContent?: Record<string, unknown> & { error?: { code: string } };
      _meta?: Record<string, unknown>;
    };
  };
  const answerTo = (asked: ModernAnswer, inputResponses: Record<string, unknown>): ModernOptions => ({
    inputResponses,
    requestState: resultOf(asked).requestState,
  });
  const contentOf = (answer: ModernAnswer) => resultOf(answer).structuredContent?.['content'];
  const codeOf = (answer: ModernAnswer) => resultOf(answer).structuredContent?.error?.code;
  const askedKeys = (answer: ModernAnswer) => Object.keys(resultOf(answer).inputRequests ?? {});

  interface Row {
    id: string;
    state: string;
    attempts: number;
    releases: number;
    fence: number;
    round: number;
    deadline_ms: number;
  }
  const newestRow = async (tool = 'greet') => {
    const { rows } = await pool.query<Row>(
      `SELECT id, state, attempts, releases, fence, input_round AS round,
              extract(epoch FROM deadline_at - clock_timestamp())::float8 * 1000 AS deadline_ms
       FROM tool_calls WHERE tool = $1 ORDER BY accepted_at DESC LIMIT 1`,
      [tool],
    );
    return rows[0];
  };
  const waiting = () =>
    eventually(async () => {
      const row = await newestRow();
      return row?.state === 'INPUT_REQUIRED' ? row : undefined;
    }, 'the call waits for input');

  it('waits in the ledger without a worker, and goes on at another gateway with the answer', async () => {
    const asked = await greet(first);
    expect(askedKeys(asked)).toEqual(['name1']);
    const row = await waiting();
    expect(row).toMatchObject({ attempts: 0, releases: 0, fence: 1, round: 1 });
    expect(row.deadline_ms).toBeGreaterThan(590_000);
    expect(row.deadline_ms).toBeLessThanOrEqual(600_000);

    const answered = await greet(second, {}, answerTo(asked, { name1: name('Ada') }));
    expect(contentOf(answered)).toBe('Hello, Ada');
    const ended = await newestRow();
    expect(ended).toMatchObject({ id: row.id, state: 'COMPLETED', attempts: 1, fence: 2 });
  });

  it('asks again and again, and keeps every answer it was given', async () => {
    const one = await greet(first, { rounds: 3 });
    const two = await greet(second, { rounds: 3 }, answerTo(one, { name1: name('Ada') }));
    expect(askedKeys(two)).toEqual(['name2']);
    const three = await greet(first, { rounds: 3 }, answerTo(two, { name2: name('Bob') }));
    expect(askedKeys(three)).toEqual(['name3']);
    const end = await greet(second, { rounds: 3 }, answerTo(three, { name3: { action: 'decline' } }));
    expect(contentOf(end)).toBe('Hello, Ada and Bob and nobody');
  });

  it('takes answers one by one, and goes on with the last of them', async () => {
    const args = { rounds: 3, together: true };
    const asked = await greet(first, args);
    expect(askedKeys(asked)).toEqual(['name1', 'name2', 'name3']);
    const part = await greet(first, args, answerTo(asked, { name2: name('Bob'), unknown: name('Eve') }));
    expect(askedKeys(part)).toEqual(['name1', 'name3']);
    const rest = await greet(second, args, answerTo(part, { name1: name('Ada'), name3: name('Cid') }));
    expect(contentOf(rest)).toBe('Hello, Ada and Bob and Cid');
  });

  it('asks nobody who cannot be asked', async () => {
    const refused = await greet(first, {}, { capabilities: {} });
    expect(refused.error ?? resultOf(refused).structuredContent?.error).toMatchObject(
      refused.error ? { code: -32021 } : { code: 'MISSING_CLIENT_CAPABILITY' },
    );
    expect(await newestRow()).toMatchObject({ state: 'FAILED', round: 0 });
  });

  it('shows its question to its owner, not its answers, and lets nobody else answer', async () => {
    const asked = await greet(first);
    const { id } = await waiting();
    const seen = await fetch(`${second.url}/api/v1/calls/${id}`, { headers: bearer(token) });
    const report = (await seen.json()) as Record<string, unknown>;
    expect(report).toMatchObject({
      state: 'INPUT_REQUIRED',
      inputRequests: { name1: { method: 'elicitation/create' } },
    });
    expect(report).not.toHaveProperty('inputResponses');

    const stranger = rig.token({ subject: 'stranger' });
    const stolen = await modernCall(first, stranger, 'greet', {}, answerTo(asked, { name1: name('Eve') }));
    expect(stolen.error).toBeDefined();
    expect(await newestRow()).toMatchObject({ id, state: 'INPUT_REQUIRED' });
    const answered = await greet(first, {}, answerTo(asked, { name1: name('Ada') }));
    expect(contentOf(answered)).toBe('Hello, Ada');
  });

  it('runs once for all who sent it under one key, whoever of them answers', async () => {
    const runs = join(temporaryDirectory(), 'runs');
    const args = { work_ms: 300, runs_file: runs };
    const meta = { 'io.exai/idempotencyKey': uuidv7() };
    const [one, other] = await Promise.all([greet(first, args, { meta }), greet(second, args, { meta })]);
    expect([askedKeys(one), askedKeys(other)]).toEqual([['name1'], ['name1']]);
    const answers = await Promise.all([
      greet(first, args, { meta, ...answerTo(one, { name1: name('Ada') }) }),
      greet(second, args, { meta, ...answerTo(other, { name1: name('Bob') }) }),
    ]);
    const contents = answers.map(contentOf);
    expect(contents[0]).toBe(contents[1]);
    expect(['Hello, Ada', 'Hello, Bob']).toContain(contents[0]);
    // Once to ask and once with the answer.
    expect(readFileSync(runs, 'utf8')).toBe('run\nrun\n');
  });

  it('lets one who joined and cannot be asked wait for what the other answers', async () => {
    const meta = { 'io.exai/idempotencyKey': uuidv7() };
    const asked = await greet(first, {}, { meta });
    const joined = greet(second, {}, { meta, capabilities: {} });
    await delay(1_500);
    await greet(first, {}, { meta, ...answerTo(asked, { name1: name('Ada') }) });
    expect(contentOf(await joined)).toBe('Hello, Ada');
  });

  it('outlives the death of the worker that asked and of the gateway that passed the question on', async () => {
    const asked = await greet(first);
    await waiting();
    await Promise.all([rig.workers[0]?.kill9(), first.kill9()]);
    await Promise.all([rig.addWorker(), rig.addGateway()]);
    first = rig.gateways.at(-1)!;
    const answered = await greet(first, {}, answerTo(asked, { name1: name('Ada') }));
    expect(contentOf(answered)).toBe('Hello, Ada');
  });

  it('goes on when the queue forgets the job that the answer made, and when its worker dies', async () => {
    const asked = await greet(first, { work_ms: 2_000 });
    const answering = greet(second, { work_ms: 2_000 }, answerTo(asked, { name1: name('Ada') }));
    await eventually(async () => (await newestRow())?.state === 'RUNNING', 'it runs with the answer');
    await rig.workers.at(-1)?.kill9();
    await rig.loseQueue();
    await rig.addWorker();
    expect(contentOf(await answering)).toBe('Hello, Ada');
    expect(await newestRow()).toMatchObject({ state: 'COMPLETED', round: 1 });
  });

  it('is left alone by the reconciler while it waits', async () => {
    await greet(first);
    const before = await waiting();
    // Longer than an open call may be quiet.
    await pool.query("UPDATE tool_calls SET touched_at = touched_at - interval '1 minute' WHERE id = $1", [
      before.id,
    ]);
    await delay(3_000);
    expect(await newestRow()).toEqual({ ...before, deadline_ms: expect.any(Number) as number });
  });

  it('is found by the sweep when the signal was lost', async () => {
    const asking = modernCall(first, token, 'linger', { milliseconds: 20_000 });
    const running = await eventually(async () => {
      const row = await newestRow('linger');
      return row?.state === 'RUNNING' ? row : undefined;
    }, 'it runs');
    // As its worker would write it, but without telling anybody.
    await pool.query(
      `UPDATE tool_calls SET state = 'INPUT_REQUIRED', input_round = 1, fence = fence + 1, time_left_ms = 60000,
         input_requests = '{"name1": {"method": "elicitation/create", "params": {}}}'
       WHERE id = $1`,
      [running.id],
    );
    expect(askedKeys(await asking)).toEqual(['name1']);
    await fetch(`${first.url}/api/v1/calls/${running.id}`, { method: 'DELETE', headers: bearer(token) });
  });

  it('ends at the deadline of the answer, and when it is cancelled', async () => {
    const asked = await greet(first);
    const { id } = await waiting();
    await pool.query('UPDATE tool_calls SET deadline_at = clock_timestamp() WHERE id = $1', [id]);
    await eventually(async () => (await newestRow())?.state === 'EXPIRED', 'it expires');
    expect(codeOf(await greet(second, {}, answerTo(asked, { name1: name('late') })))).toBe(
      'DEADLINE_EXCEEDED',
    );

    const other = await greet(first);
    const open = await waiting();
    await fetch(`${second.url}/api/v1/calls/${open.id}`, { method: 'DELETE', headers: bearer(token) });
    expect(codeOf(await greet(first, {}, answerTo(other, { name1: name('late') })))).toBe('CANCELLED');
  });

  it('has the time that it had left, not the time that its question took', async () => {
    const meta = { 'io.exai/timeoutMs': 20_000 };
    const asked = await greet(first, { work_ms: 1_500 }, { meta });
    const { id } = await waiting();
    await pool.query('UPDATE tool_calls SET time_left_ms = 5000 WHERE id = $1', [id]);
    const answering = greet(first, { work_ms: 1_500 }, { meta, ...answerTo(asked, { name1: name('Ada') }) });
    const running = await eventually(async () => {
      const row = await newestRow();
      return row?.state === 'RUNNING' ? row : undefined;
    }, 'it runs');
    expect(running.deadline_ms).toBeLessThanOrEqual(5_000);
    expect(running.deadline_ms).toBeGreaterThan(2_000);
    expect(contentOf(await answering)).toBe('Hello, Ada');
  });

  it('tells progress with totals and logs in order, all of it before the end', async () => {
    const told = await modernCall(
      first,
      token,
      'narrate',
      {},
      { meta: { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'debug' } },
    );
    const logs = told.notifications.filter(({ method }) => method === 'notifications/message');
    expect(logs.map(({ params }) => [params['level'], params['data']])).toEqual([
      ['info', { step: 1 }],
      ['warning', 'nearly there'],
      ['warning', 'nearly there'],
    ]);
    const totals = told.notifications
      .filter(({ method, params }) => method === 'notifications/progress' && params['total'] === 4)
      .map(({ params }) => params['progress']);
    expect(totals).toHaveLength(3);
    expect(resultOf(told).content).toEqual([{ type: 'text', text: 'a block' }]);
    const failed = await modernCall(first, token, 'narrate', { fail: true });
    expect(resultOf(failed)).toMatchObject({ isError: true });
  });

  it('tells those who look after the client of a further attempt, without a word of the prompt', async () => {
    const prompt = '[[sim: 500, ok, echo]] a secret';
    const told = await modernCall(
      second,
      token,
      'chat',
      { prompt, model: 'simulator-1' },
      { meta: { 'io.modelcontextprotocol/logLevel': 'info' } },
    );
    expect(contentOf(told)).toBe('a secret');
    const logs = told.notifications.filter(({ method }) => method === 'notifications/message');
    expect(logs).toHaveLength(1);
    expect(logs[0]?.params).toMatchObject({
      level: 'warning',
      logger: 'exai.attempts',
      data: {
        tool: 'chat',
        provider: 'simulator',
        model: 'simulator-1',
        code: 'PROVIDER_UNAVAILABLE',
        retry_in_ms: expect.any(Number) as number,
      },
    });
    expect(JSON.stringify(logs)).not.toContain('secret');
  });

  it('can be waited for with call_result, which shows its question', async () => {
    const asked = await greet(first, { work_ms: 1_000 });
    const { id } = await waiting();
    const shown = await modernCall(second, token, 'call_result', { call_id: id, wait_seconds: 50 });
    expect(resultOf(shown).structuredContent).toMatchObject({
      status: 'input_required',
      call_state: 'INPUT_REQUIRED',
      input_requests: { name1: { method: 'elicitation/create' } },
    });
    const answering = greet(first, { work_ms: 1_000 }, answerTo(asked, { name1: name('Ada') }));
    await eventually(async () => (await newestRow())?.state !== 'INPUT_REQUIRED', 'it goes on');
    const short = await modernCall(second, token, 'call_result', { call_id: id });
    expect(resultOf(short).structuredContent).toMatchObject({ status: 'in_progress' });
    const waited = await modernCall(second, token, 'call_result', { call_id: id, wait_seconds: 20 });
    expect(contentOf(waited)).toBe('Hello, Ada');
    await answering;
  });
});
