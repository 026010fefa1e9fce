import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { accept, answerTo, GatewayPair, payloadOf, TASKS, threadOf } from '../harness/gateway-pair.js';
import { type ModernOptions } from '../harness/modern-http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { type Gateway } from '../harness/standalone.js';

/** Tasks, news and questions of a client that comes to one gateway of two, and then to the other. */
describe.each(backends())('two gateways, with the queue on $name', (backend) => {
  const directory = temporaryDirectory();
  const providersFile = join(directory, 'providers.json');
  let pair: GatewayPair;

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    offerModel('model-1');
    pair = await GatewayPair.open(backend, { EXAI_PROVIDERS_FILE: providersFile });
  });

  afterAll(async () => {
    await pair.rig.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function offerModel(id: string): void {
    const models = [{ id, contextWindow: 100_000, maxOutputTokens: 4_096 }];
    const lab = { id: 'lab', type: 'openai-compatible', baseUrl: 'http://127.0.0.1:9/v1', models };
    writeFileSync(providersFile, JSON.stringify({ providers: [lab] }), { mode: 0o600 });
  }

  const know: ModernOptions = { capabilities: { ...TASKS, elicitation: {} } };
  const get = async (server: Gateway, taskId: string) =>
    (await pair.send(server, 'tasks/get', { taskId }, know)).result;
  const update = (server: Gateway, taskId: string, inputResponses: object) =>
    pair.send(server, 'tasks/update', { taskId, inputResponses }, know);
  const create = async (server: Gateway, args: object = {}, meta: Record<string, unknown> = {}) => {
    const { result } = await pair.call(server, 'greet_later', args, { ...know, meta });
    expect(result).toMatchObject({ resultType: 'task' });
    return String(result?.['taskId']);
  };
  const becomes = (server: Gateway, taskId: string, status: string) =>
    eventually(async () => {
      const task = await get(server, taskId);
      return task?.['status'] === status && task;
    }, `the task is ${status}`);

  describe('a task', () => {
    it('is the same at both, from its question to its end', async () => {
      const taskId = await create(pair.here, { rounds: 2, together: true });
      const asking = await becomes(pair.there, taskId, 'input_required');
      expect(await get(pair.here, taskId)).toEqual(asking);
      await Promise.all([
        update(pair.here, taskId, { name1: accept({ name: 'Ada' }) }),
        update(pair.there, taskId, { name2: accept({ name: 'Bob' }) }),
      ]);
      const done = await becomes(pair.here, taskId, 'completed');
      expect(done).toMatchObject({ result: { structuredContent: { content: 'Hello, Ada and Bob' } } });
      expect(await get(pair.there, taskId)).toEqual(done);
    });

    it('takes one of two answers that come at both at once', async () => {
      const taskId = await create(pair.here);
      await becomes(pair.here, taskId, 'input_required');
      await Promise.all([
        update(pair.here, taskId, { name1: accept({ name: 'Ada' }) }),
        update(pair.there, taskId, { name1: accept({ name: 'Bob' }) }),
      ]);
      const { result } = (await becomes(pair.there, taskId, 'completed')) as { result: object };
      expect(JSON.stringify(result)).toMatch(/Hello, (Ada|Bob)"/);
    });

    it('is cancelled at the other one while it asks, and late answers change nothing', async () => {
      const taskId = await create(pair.here);
      await becomes(pair.here, taskId, 'input_required');
      await pair.send(pair.there, 'tasks/cancel', { taskId }, know);
      expect(await get(pair.here, taskId)).toMatchObject({ status: 'cancelled' });
      expect((await update(pair.here, taskId, { name1: accept({ name: 'late' }) })).error).toBeUndefined();
      expect(await get(pair.there, taskId)).toMatchObject({ status: 'cancelled' });
    });

    it('is one task under one key', async () => {
      const meta = { 'io.exai/idempotencyKey': uuidv7() };
      const ids = await Promise.all([create(pair.here, {}, meta), create(pair.there, {}, meta)]);
      expect(ids[0]).toBe(ids[1]);
      await pair.send(pair.there, 'tasks/cancel', { taskId: ids[0] }, know);
    });
  });

  describe('news', () => {
    /** Hears at each gateway what `uri` is about, and all lists. */
    const listen = (uri: string) =>
      Promise.all(
        [pair.here, pair.there].map(async (gateway) => {
          const heard: string[] = [];
          const client = await connect('v2-pinned', 'http', gateway, pair.token, {
            onListChanged: (method) => heard.push(method),
            onUpdated: (changed) => heard.push(changed),
          });
          await client.follow(uri);
          return { client, heard };
        }),
      );
    const close = (listeners: readonly { client: McpClient }[]) =>
      Promise.all(listeners.map(({ client }) => client.close()));

    it('of other models are heard at both', async () => {
      const listeners = await listen('exai://models');
      offerModel('model-2');
      for (const { heard } of listeners) {
        await eventually(() => heard.includes('exai://models'), 'the update arrives');
        await eventually(() => heard.includes('notifications/resources/list_changed'), 'the list changes');
      }
      // Each reads the file for itself: what is heard first may be what the other one has read.
      for (const gateway of [pair.here, pair.there]) {
        await eventually(async () => {
          const models = await pair.send(gateway, 'resources/read', { uri: 'exai://models' });
          return JSON.stringify(models.result).includes('model-2');
        }, 'the other models are there');
      }
      await close(listeners);
    });

    it.each([
      ['ends', (taskId: string) => update(pair.here, taskId, { name1: accept({ name: 'Ada' }) })],
      ['is cancelled', (taskId: string) => pair.send(pair.here, 'tasks/cancel', { taskId }, know)],
    ] as const)('of a call at one that %s are heard at both', async (_how, end) => {
      const taskId = await create(pair.here);
      await becomes(pair.here, taskId, 'input_required');
      const uri = `exai://calls/${taskId}`;
      const listeners = await listen(uri);
      await end(taskId);
      for (const { heard } of listeners) await eventually(() => heard.includes(uri), 'the end is told');
      await close(listeners);
    });

    it('of a turn in a thread are heard at both', async () => {
      const thread = threadOf(await pair.chat(pair.here, '[[sim: echo]] one'));
      const uri = `exai://threads/${thread}`;
      const listeners = await listen(uri);
      await pair.call(pair.here, 'chat', {
        prompt: '[[sim: echo]] two',
        model: 'simulator-1',
        continuation_id: thread,
      });
      for (const { heard } of listeners) await eventually(() => heard.includes(uri), 'the turn is told');
      await close(listeners);
    });
  });

  describe('a question of one', () => {
    it('is answered at the other, also one from before the call was taken on', async () => {
      const asked = await pair.call(pair.here, 'greet', {});
      const answered = await pair.call(
        pair.there,
        'greet',
        {},
        answerTo(asked, { name1: accept({ name: 'Ada' }) }),
      );
      expect(payloadOf(answered)).toMatchObject({ content: 'Hello, Ada' });
      const trace = {
        step: 'Find it.',
        step_number: 1,
        total_steps: 2,
        next_step_required: true,
        findings: 'Nothing yet.',
        target_description: 'main()',
        trace_mode: 'ask',
      };
      const first = await pair.call(pair.here, 'tracer', trace);
      const [key = ''] = Object.keys(first.result?.['inputRequests'] as object);
      const chosen = { [key]: accept({ trace_mode: 'precision' }) };
      expect(payloadOf(await pair.call(pair.there, 'tracer', trace, answerTo(first, chosen)))).toMatchObject({
        tracing_status: { trace_mode: 'precision' },
      });
    });

    it('cannot be answered at one with another secret, which says so and leaves the question open', async () => {
      const apart = await pair.rig.addGateway({ EXAI_SERVER_SECRET: randomBytes(48).toString('base64') });
      const asked = await pair.call(pair.here, 'greet', {});
      const answers = answerTo(asked, { name1: accept({ name: 'Ada' }) });
      const refused = await pair.call(apart, 'greet', {}, answers);
      expect(refused.error).toMatchObject({
        code: -32602,
        message: 'Invalid or expired requestState',
        data: { reason: 'invalid_request_state' },
      });
      expect(payloadOf(await pair.call(pair.there, 'greet', {}, answers))).toMatchObject({
        content: 'Hello, Ada',
      });
      // What needs no seal works there as everywhere.
      expect(payloadOf(await pair.chat(apart, '[[sim: echo]] fine'))).toMatchObject({ content: 'fine' });
    });
  });
});
