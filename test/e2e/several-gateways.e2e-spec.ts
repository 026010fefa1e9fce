import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { balance } from '../harness/balancer.js';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { callIdOf, GatewayPair, payloadOf, TASKS, threadOf } from '../harness/gateway-pair.js';
import { bearer, MCP_HEADERS, openSession, readCall, rpc } from '../harness/http.js';
import { type ModernOptions } from '../harness/modern-http.js';
import { backends } from '../harness/redis.js';
import { type Gateway } from '../harness/standalone.js';

const SLOW = '[[sim: latency(30000)]] Never mind.';

/** Requests, sessions and calls of a client that comes to one gateway of two, and then to the other. */
describe.each(backends())('two gateways, with the queue on $name', (backend) => {
  let pair: GatewayPair;

  beforeAll(async () => {
    pair = await GatewayPair.open(backend, { TOOL_PROFILE: 'full' });
  });

  afterAll(() => pair.rig.close());

  const ended = (id: string, at: Gateway) =>
    eventually(async () => {
      const { state } = await readCall(at, pair.token, id);
      return !['ACCEPTED', 'QUEUED', 'RUNNING'].includes(state) && state;
    }, 'the call ends');

  describe('requests of 2026-07-28', () => {
    it.each(['server/discover', 'tools/list', 'prompts/list', 'resources/templates/list'])(
      'get the same answer to %s at both',
      async (method) => {
        const answers = await Promise.all([pair.send(pair.here, method), pair.send(pair.there, method)]);
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        expect(answers[0].result).toBeDefined();
        expect(answers[0].result).toEqual(answers[1].result);
      },
    );

    it('go on in a thread, and read a call, that the other one has begun', async () => {
      const begun = await pair.chat(pair.here, '[[sim: echo]] the first turn');
      const thread = threadOf(begun);
      const next = await pair.call(pair.there, 'chat', {
        prompt: '[[sim: echo]] the second turn',
        model: 'simulator-1',
        continuation_id: thread,
      });
      expect(payloadOf(next)).toMatchObject({ content: 'the second turn' });
      const [first, second] = await Promise.all([
        pair.call(pair.there, 'call_result', { call_id: callIdOf(begun) }),
        pair.send(pair.here, 'resources/read', { uri: `exai://calls/${callIdOf(next)}` }),
      ]);
      expect(payloadOf(first)).toMatchObject({ call_state: 'COMPLETED', content: 'the first turn' });
      expect(JSON.stringify(second.result)).toContain('the second turn');
    });

    it('may each come out at another one: the official client asks its person and does not notice', async () => {
      const balancer = await balance(pair.rig.gateways);
      const questions: string[] = [];
      const client = await connect('v2-pinned', 'http', { ...pair.here, url: balancer.url }, pair.token, {
        elicit: ({ message }) => {
          questions.push(message);
          return { action: 'accept', content: { name: `N${questions.length}` } };
        },
      });
      const { structuredContent } = await client.callTool('greet', { rounds: 3 });
      expect(structuredContent).toMatchObject({ content: 'Hello, N1 and N2 and N3' });
      expect(questions).toHaveLength(3);
      expect(balancer.requests.every((count) => count >= 2)).toBe(true);
      await client.close();
      balancer.close();
    });
  });

  describe('a session of 2025', () => {
    const at = (server: Gateway, session: string, method: string, body?: object) =>
      fetch(`${server.url}/mcp`, {
        method,
        headers: { ...MCP_HEADERS, ...bearer(pair.token), 'Mcp-Session-Id': session },
        ...(body && { body: JSON.stringify(body) }),
      });

    it('is unknown at the other one, which says so with 404 and -32001', async () => {
      const session = await openSession(pair.here, pair.token);
      for (const [method, body] of [
        ['POST', rpc('tools/list')],
        ['GET', undefined],
        ['DELETE', undefined],
      ] as const) {
        const refused = await at(pair.there, session, method, body);
        expect(refused.status).toBe(404);
        expect(await refused.json()).toMatchObject({
          id: null,
          error: { code: -32001, data: { code: 'NOT_FOUND' } },
        });
      }
      expect((await at(pair.here, session, 'POST', rpc('tools/list'))).status).toBe(200);
    });

    it('is not cancelled in by a message that came out at the other one', async () => {
      const session = await openSession(pair.here, pair.token);
      const args = { message: 'still pair.here', delay_ms: 1_500 };
      const answer = at(
        pair.here,
        session,
        'POST',
        rpc('tools/call', { name: 'test_echo', arguments: args }, 7),
      );
      const cancel = {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 7, reason: 'astray' },
      };
      await delay(500);
      expect((await at(pair.there, session, 'POST', cancel)).status).toBe(404);
      expect(await (await answer).text()).toContain('still pair.here');
    });
  });

  describe('a call', () => {
    it('that its client cancels is cancelled for both, and the one with the same id at the other is not', async () => {
      const clients = await Promise.all(
        [pair.here, pair.there].map((gateway) => connect('v1', 'websocket', gateway, pair.token)),
      );
      const [client, neighbour] = clients as [McpClient, McpClient];
      const abort = new AbortController();
      const { id, answer: cancelled } = await pair.begin(() => {
        const answer = client.callTool(
          'chat',
          { prompt: SLOW, model: 'simulator-1' },
          { signal: abort.signal },
        );
        answer.catch(() => undefined);
        return answer;
      });
      const kept = neighbour.callTool('test_echo', { message: 'kept', delay_ms: 1_500 });
      await delay(300);
      abort.abort();
      await expect(cancelled).rejects.toThrow();
      expect(await ended(id, pair.there)).toBe('CANCELLED');
      expect((await kept).structuredContent).toMatchObject({ content: 'kept' });
      await Promise.all(clients.map((one) => one.close()));
    });

    it('of 2026-07-28 is cancelled with its stream, which the other one shows', async () => {
      const abort = new AbortController();
      const { id, answer } = await pair.begin(() => pair.chat(pair.here, SLOW, { signal: abort.signal }));
      answer.catch(() => undefined);
      abort.abort();
      expect(await ended(id, pair.there)).toBe('CANCELLED');
    });

    it.each([
      ['REST', (server: Gateway, id: string) => remove(server, id)],
      [
        'tasks/cancel',
        (server: Gateway, id: string) => pair.send(server, 'tasks/cancel', { taskId: id }, know),
      ],
    ] as const)('is cancelled by %s at the other one, and whoever waits hears of it', async (_by, cancel) => {
      const { id, answer } = await pair.begin(() => pair.chat(pair.here, SLOW));
      const cancelledAt = performance.now();
      await cancel(pair.there, id);
      expect(payloadOf(await answer).error).toMatchObject({ code: 'CANCELLED' });
      // Long before the model would have answered.
      expect(performance.now() - cancelledAt).toBeLessThan(10_000);
      await eventually(
        async () => (await pair.rig.simulator.requestsOf(id)).every(({ finishedAt }) => finishedAt !== null),
        'the model is no longer asked',
      );
    });

    const know: ModernOptions = { capabilities: TASKS };
    const remove = (server: Gateway, id: string) =>
      fetch(`${server.url}/api/v1/calls/${id}`, { method: 'DELETE', headers: bearer(pair.token) });

    it('runs once for both under one key, and its answer is given again at either', async () => {
      const meta = { 'io.exai/idempotencyKey': uuidv7() };
      const prompt = '[[sim: latency(700), echo]] once';
      const together = await Promise.all([
        pair.chat(pair.here, prompt, { meta }),
        pair.chat(pair.there, prompt, { meta }),
      ]);
      const later = await Promise.all([
        pair.chat(pair.here, prompt, { meta }),
        pair.chat(pair.there, prompt, { meta }),
      ]);
      const all = [...together, ...later];
      expect(new Set(all.map(callIdOf)).size).toBe(1);
      expect(all.map((one) => payloadOf(one)['content'])).toEqual(Array(4).fill('once'));
      expect(await pair.rig.simulator.requestsOf(callIdOf(later[0]))).toHaveLength(1);
      const other = await pair.chat(pair.there, '[[sim: echo]] something else', { meta });
      expect(other.error).toMatchObject({ code: -31017, data: { code: 'IDEMPOTENCY_CONFLICT' } });
    });
  });
});
