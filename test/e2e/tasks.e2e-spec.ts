import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { postModern, type ModernAnswer } from '../harness/modern-http.js';
import { ROOT } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const SERVERS = join(ROOT, 'test/integration/asking-servers');
const SCRIPTS = { gateway: join(SERVERS, 'gateway.mjs'), worker: join(SERVERS, 'worker.mjs') };
const UNKNOWN = '0199c0de-0000-7000-8000-000000000001';

interface SendOptions {
  readonly gateway?: number;
  readonly token?: string;
  readonly capabilities?: Readonly<Record<string, unknown>>;
}

/** Long calls as tasks, for clients of 2026-07-28 that know the extension. */
describe.each(backends())('tasks, with the queue on $name', (backend) => {
  let rig: Rig;
  let owner: string;

  beforeAll(async () => {
    rig = await Rig.open(backend, { gateways: 2, scripts: SCRIPTS, env: { TOOL_PROFILE: 'full' } });
    owner = rig.token({ subject: 'owner' });
  });

  afterAll(() => rig.close());

  function send(
    method: string,
    params: Record<string, unknown>,
    { gateway = 0, token = owner, capabilities = TASKS }: SendOptions = {},
  ): Promise<ModernAnswer> {
    const server = rig.gateways[gateway];
    if (!server) throw new Error(`There is no gateway ${gateway}.`);
    return postModern(server, token, method, params, { capabilities });
  }

  const echo = (message: string, delay_ms: number, options = {}) =>
    send('tools/call', { name: 'test_echo', arguments: { message, delay_ms } }, options);
  const get = (taskId: string, options = {}) => send('tasks/get', { taskId }, options);
  const idOf = ({ result }: ModernAnswer) => String(result?.['taskId']);
  const ended = (taskId: string, options = {}) =>
    eventually(async () => {
      const { result } = await get(taskId, options);
      return result?.['status'] !== 'working' && result;
    }, 'the task ends');

  it('are offered as an extension', async () => {
    const { result } = await send('server/discover', {});
    expect(result).toMatchObject({ capabilities: TASKS });
  });

  it('stand for a call that takes long, and any gateway tells what became of it', async () => {
    const created = await echo('slowly', 3_500);
    expect(created.result).toMatchObject({
      resultType: 'task',
      status: 'working',
      ttlMs: 24 * 3_600_000,
      pollIntervalMs: 1_000,
    });
    expect(created.result).not.toHaveProperty('structuredContent');
    const task = await get(idOf(created), { gateway: 1 });
    expect(task.result).toMatchObject({ taskId: idOf(created), status: 'working', resultType: 'complete' });
    expect(task.result).not.toHaveProperty('result');
    const done = await ended(idOf(created), { gateway: 1 });
    expect(done).toMatchObject({
      status: 'completed',
      result: {
        structuredContent: { content: 'slowly' },
        _meta: { 'io.exai/callId': idOf(created) },
      },
    });
  });

  it('are not made of a call that ends soon, nor for a client that does not know them', async () => {
    const soon = await echo('soon', 0);
    expect(soon.result).toMatchObject({ resultType: 'complete', structuredContent: { content: 'soon' } });
    const plain = await echo('whole', 2_500, { capabilities: {} });
    expect(plain.result).toMatchObject({ resultType: 'complete', structuredContent: { content: 'whole' } });
  });

  it('survive the death of the gateway that made them', async () => {
    const mortal = await rig.addGateway();
    const created = await postModern(
      mortal,
      owner,
      'tools/call',
      { name: 'test_echo', arguments: { message: 'kept', delay_ms: 4_000 } },
      { capabilities: TASKS },
    );
    expect(created.result).toMatchObject({ resultType: 'task' });
    await mortal.kill9();
    const done = await ended(idOf(created));
    expect(done).toMatchObject({ status: 'completed', result: { structuredContent: { content: 'kept' } } });
  });

  it('tell what the tool itself says of its failure as a result', async () => {
    const created = await send('tools/call', { name: 'fail_later', arguments: {} });
    expect(created.result).toMatchObject({ resultType: 'task' });
    expect(await ended(idOf(created))).toMatchObject({
      status: 'completed',
      result: { isError: true, structuredContent: { status: 'error' } },
    });
  });

  it('fail when something is wrong with the server', async () => {
    const created = await send('tools/call', { name: 'break_later', arguments: {} });
    const broken = await ended(idOf(created));
    expect(broken).toMatchObject({
      status: 'failed',
      error: { code: -32603, data: { code: 'INTERNAL', callId: idOf(created) } },
    });
    expect(broken).not.toHaveProperty('result');
    expect(JSON.stringify(broken)).not.toContain('the secret reason');
  });

  it('are cancelled, as often as anybody asks', async () => {
    const created = await echo('never', 30_000);
    const taskId = idOf(created);
    expect((await send('tasks/cancel', { taskId }, { gateway: 1 })).result).toMatchObject({
      resultType: 'complete',
    });
    expect(await ended(taskId)).toMatchObject({ status: 'cancelled' });
    const again = await send('tasks/cancel', { taskId });
    expect(again.result).toMatchObject({ resultType: 'complete' });
    expect(again.result).not.toHaveProperty('status');
  });

  it('are nobody else’s, and unknown ones are refused in the same words', async () => {
    const created = await echo('mine', 2_500);
    const stranger = rig.token({ subject: 'stranger' });
    const refusals = await Promise.all(
      ['tasks/get', 'tasks/update', 'tasks/cancel'].flatMap((method) => [
        send(method, { taskId: idOf(created), inputResponses: {} }, { token: stranger }),
        send(method, { taskId: UNKNOWN, inputResponses: {} }),
        send(method, { taskId: 'no-id', inputResponses: {} }),
      ]),
    );
    for (const { error } of refusals) {
      expect(error).toMatchObject({ code: -32602, data: { code: 'INVALID_PARAMS' } });
    }
    expect(new Set(refusals.map(({ error }) => error?.message)).size).toBe(1);
    expect(await ended(idOf(created))).toMatchObject({ status: 'completed' });
  });

  it('are not spoken of with a client that did not declare them', async () => {
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { status, error } = await send(method, { taskId: UNKNOWN }, { capabilities: {} });
      expect(status).toBe(400);
      expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: TASKS } });
    }
  });

  it('have no list and no separate result', async () => {
    for (const method of ['tasks/list', 'tasks/result']) {
      expect((await send(method, { taskId: UNKNOWN })).error).toMatchObject({ code: -32601 });
    }
  });

  it('ask through the task, take partial answers, and go on at any gateway', async () => {
    const capabilities = { ...TASKS, elicitation: {} };
    const greet = { name: 'greet_later', arguments: { rounds: 2, together: true } };
    const created = await send('tools/call', greet, { capabilities });
    expect(created.result).toMatchObject({ resultType: 'task' });
    const taskId = idOf(created);
    const asking = await ended(taskId);
    expect(asking).toMatchObject({
      status: 'input_required',
      inputRequests: {
        name1: { method: 'elicitation/create' },
        name2: { method: 'elicitation/create' },
      },
    });
    const update = (inputResponses: object, gateway: number) =>
      send('tasks/update', { taskId, inputResponses }, { gateway });
    const accept = (name: string) => ({ action: 'accept', content: { name } });
    expect((await update({ name1: accept('Ada'), other: accept('Eve') }, 1)).result).toMatchObject({
      resultType: 'complete',
    });
    const partly = (await get(taskId)).result;
    expect(Object.keys(partly?.['inputRequests'] as object)).toEqual(['name2']);
    await update({ name2: accept('Bob') }, 0);
    const done = await eventually(async () => {
      const { result } = await get(taskId, { gateway: 1 });
      return result?.['status'] === 'completed' && result;
    }, 'the task goes on');
    expect(done).toMatchObject({ result: { structuredContent: { content: 'Hello, Ada and Bob' } } });
    expect(done).not.toHaveProperty('requestState');
  });

  it('are all that some tools can be', async () => {
    const only = { name: 'greet_only_later', arguments: {} };
    const refused = await send('tools/call', only, { capabilities: { elicitation: {} } });
    expect(refused.status).toBe(400);
    expect(refused.error).toMatchObject({ code: -32021, data: { requiredCapabilities: TASKS } });
    const created = await send('tools/call', only);
    expect(created.result).toMatchObject({ resultType: 'task', status: 'working' });
  });
});
