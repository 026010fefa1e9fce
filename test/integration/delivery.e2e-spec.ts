import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { bearer, readCall } from '../harness/http.js';
import { RawSocket } from '../harness/raw-socket.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** Calls survive what happens to workers, queue and sockets; each is answered once, with its own answer. */
describe.each(backends())('with the queue on $name', (backend) => {
  let rig: Rig;
  let clients: McpClient[];
  let runs = 0;

  beforeAll(async () => {
    rig = await Rig.open(backend, {
      gateways: 2,
      workers: 2,
      env: { EXAI_WORKER_CONCURRENCY: '10' },
      ownDatabaseServer: true,
    });
    clients = await Promise.all(
      rig.gateways.map((gateway) => connect('v2-default', 'websocket', gateway, rig.token())),
    );
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await rig.close();
  });

  const contentOf = ({ structuredContent }: ToolResult) => structuredContent?.['content'];
  const callIdOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);

  /** Sends `count` calls, spread over the gateways, and answers what they should be answered with. */
  function send(count: number, script: string) {
    runs += 1;
    const texts = Array.from({ length: count }, (_, index) => `run ${runs}, call ${index}`);
    const answers = texts.map((text, index) => {
      const client = clients[index % clients.length] as McpClient;
      return client.callTool('chat', { prompt: `[[sim: ${script}, echo]] ${text}` }, { timeout: 60_000 });
    });
    return { texts, answers: Promise.all(answers) };
  }

  const requestsSince = async (seq: number) => (await rig.simulator.requests()).filter((r) => r.seq > seq);
  const lastSeq = async () => (await rig.simulator.requests()).at(-1)?.seq ?? 0;

  it('answers calls at every gateway from any worker', async () => {
    const { texts, answers } = send(40, 'latency(20)');
    expect((await answers).map(contentOf)).toEqual(texts);
  });

  it('answers every call once although a worker was killed under its running calls', async () => {
    const before = await lastSeq();
    const { texts, answers } = send(20, 'latency(1000)');
    await eventually(async () => (await requestsSince(before)).length === 20, 'all calls run');
    const [victim] = rig.workers.splice(0, 1);
    await victim?.kill9();
    const results = await answers;
    expect(results.map(contentOf)).toEqual(texts);
    const executions = await requestsSince(before);
    expect(executions.length).toBeGreaterThan(20);
    expect(executions.length).toBeLessThanOrEqual(40);
    for (const result of results) {
      const { state, attempts } = await readCall(rig.gateway, rig.token(), callIdOf(result));
      expect({ state, attempts }).toEqual({ state: 'COMPLETED', attempts: 1 });
    }
    await rig.addWorker();
  }, 60_000);

  it('answers every call although the queue lost all its jobs', async () => {
    const before = await lastSeq();
    const { texts, answers } = send(60, 'latency(300)');
    await eventually(async () => (await requestsSince(before)).length > 0, 'the first calls run');
    await rig.loseQueue();
    expect((await answers).map(contentOf)).toEqual(texts);
  }, 60_000);

  it('holds the answers of running calls while the database is away', async () => {
    const before = await lastSeq();
    const { texts, answers } = send(20, 'latency(500)');
    await eventually(async () => (await requestsSince(before)).length === 20, 'all calls run');
    await rig.stopDatabase();
    await eventually(
      async () => (await requestsSince(before)).every(({ finishedAt }) => finishedAt !== null),
      'the provider has answered',
    );
    await rig.startDatabase();
    expect((await answers).map(contentOf)).toEqual(texts);
    expect(await requestsSince(before)).toHaveLength(20);
  }, 60_000);

  if (backend.isPrivate) {
    it('takes calls on while the queue is away, and runs them when it is back', async () => {
      const before = await lastSeq();
      const running = send(10, 'latency(500)');
      await eventually(async () => (await requestsSince(before)).length === 10, 'the first calls run');
      const restart = await rig.interruptQueue();
      const ready = async () => (await fetch(`${rig.gateway.url}/health/ready`)).status;
      await eventually(async () => (await ready()) === 503, 'not ready');
      expect((await fetch(`${rig.gateway.url}/health/live`)).status).toBe(200);
      const waiting = send(10, 'latency(10)');
      expect((await running.answers).map(contentOf)).toEqual(running.texts);
      await restart();
      expect((await waiting.answers).map(contentOf)).toEqual(waiting.texts);
      await eventually(async () => (await ready()) === 200, 'ready again');
    }, 60_000);
  }

  it('cancels a running call from another gateway', async () => {
    const raw = await RawSocket.initialized(rig.gateway, rig.token());
    const before = await lastSeq();
    const call = raw.callTool('chat', { prompt: '[[sim: ok-long(30)]] stop me' });
    const { requestId, seq } = await rig.simulator.waitFor((entry) => entry.seq > before, 'the call runs');
    const response = await fetch(`${rig.gateways[1]?.url}/api/v1/calls/${requestId}`, {
      method: 'DELETE',
      headers: bearer(rig.token()),
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ state: 'CANCELLED', error: { code: 'CANCELLED' } });
    const ended = await rig.simulator.waitFor(
      (entry) => entry.seq === seq && entry.finishedAt !== null,
      'the request ends',
    );
    expect(ended.aborted).toBe(true);
    expect((await call).result).toMatchObject({
      isError: true,
      structuredContent: { error: { code: 'CANCELLED' } },
    });
    await raw.close();
  });

  it('keeps the answer of a call whose socket closed, for its owner only', async () => {
    const raw = await RawSocket.initialized(rig.gateway, rig.token({ subject: 'leaver' }));
    const before = await lastSeq();
    void raw.callTool('chat', { prompt: '[[sim: latency(700), echo]] nobody waits' }).catch(() => undefined);
    const { requestId } = await rig.simulator.waitFor((entry) => entry.seq > before, 'the call runs');
    raw.socket.terminate();
    const owner = rig.token({ subject: 'leaver' });
    const report = await eventually(async () => {
      const call = await readCall(rig.gateway, owner, requestId);
      return call.state === 'COMPLETED' ? call : undefined;
    }, 'the call completes');
    expect(report.result).toMatchObject({ content: 'nobody waits' });

    const answerFor = async (id: string) => {
      const headers = bearer(rig.token({ subject: 'stranger' }));
      const response = await fetch(`${rig.gateway.url}/api/v1/calls/${id}`, { headers });
      const correlationId = response.headers.get('x-correlation-id') ?? '';
      return { status: response.status, body: (await response.text()).replaceAll(correlationId, '<id>') };
    };
    const foreign = await answerFor(requestId);
    expect(foreign.status).toBe(404);
    expect(await answerFor('0196f0d2-1111-7000-8000-000000000000')).toEqual(foreign);
    expect(await answerFor('no-id-at-all')).toEqual(foreign);
    const cancel = await fetch(`${rig.gateway.url}/api/v1/calls/${requestId}`, {
      method: 'DELETE',
      headers: bearer(rig.token({ subject: 'stranger' })),
    });
    expect(cancel.status).toBe(404);
  });

  it('lets a worker that is told to stop finish what it runs', async () => {
    const before = await lastSeq();
    const { texts, answers } = send(20, 'latency(800)');
    await eventually(async () => (await requestsSince(before)).length === 20, 'all calls run');
    const [leaver] = rig.workers.splice(0, 1);
    expect(await leaver?.stop()).toBe(0);
    expect((await answers).map(contentOf)).toEqual(texts);
    expect(await requestsSince(before)).toHaveLength(20);
  });

  it('lets a gateway that is told to stop answer its calls, and refuses new ones', async () => {
    const leaver = await rig.addGateway();
    rig.gateways.pop();
    const raw = await RawSocket.initialized(leaver, rig.token());
    const before = await lastSeq();
    const texts = Array.from({ length: 10 }, (_, index) => `last words ${index}`);
    const calls = texts.map((text) =>
      raw.callTool('chat', { prompt: `[[sim: latency(1500), echo]] ${text}` }),
    );
    await eventually(async () => (await requestsSince(before)).length === 10, 'all calls run');
    leaver.signal('SIGTERM');
    await eventually(async () => {
      return (await fetch(`${leaver.url}/health/ready`)).status === 503;
    }, 'it says that it stops');
    expect((await raw.callTool('chat', { prompt: 'too late' })).error).toMatchObject({
      code: -31014,
      data: { code: 'DRAINING' },
    });
    const answers = await Promise.all(calls);
    expect(answers.map(({ result }) => contentOf(result as unknown as ToolResult))).toEqual(texts);
    expect((await raw.closed).code).toBe(1012);
    expect(await leaver.exited).toBe(0);
  });
});
