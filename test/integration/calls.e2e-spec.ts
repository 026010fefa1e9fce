import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type CallOptions, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { RawSocket } from '../harness/raw-socket.js';
import { backends, type OpenBackend } from '../harness/redis.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { removeDataDir, startStandalone, type Standalone } from '../harness/standalone.js';

interface CallError {
  readonly code: string;
  readonly attempts?: number;
  readonly retryable?: boolean;
}

/** What one call does on its way: attempts, deadline, conversation, files, ids. */
describe.each(backends())('with the queue on $name', (backend) => {
  let queue: OpenBackend;
  let simulator: WatchedSimulator;
  let server: Standalone;
  let client: McpClient;
  const dataDir = temporaryDirectory();
  const files = temporaryDirectory();
  const outside = temporaryDirectory();

  const start = () => {
    const env = {
      ...simulator.env,
      ...queue.env,
      // For the call with a refused key: nobody is asked again with that one.
      GLM_API_KEY: 'a-key.for-the-simulator-only',
      GLM_BASE_URL: simulator.baseUrl,
      EXAI_FILE_ROOTS: files,
      EXAI_JWT_AUDIENCE: 'exai-tests',
      LOG_LEVEL: 'debug',
    };
    return startStandalone({ dataDir, env });
  };

  beforeAll(async () => {
    [queue, simulator] = await Promise.all([backend.open(), watchSimulator()]);
    server = await start();
    client = await connect('v2-default', 'websocket', server);
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
    await Promise.all([queue.close(), simulator.close()]);
    await removeDataDir(dataDir);
    for (const directory of [files, outside]) rmSync(directory, { recursive: true });
  });

  const chat = (prompt: string, options?: CallOptions, more: Record<string, unknown> = {}) =>
    client.callTool('chat', { model: 'simulator-1', prompt, ...more }, options);
  const errorOf = ({ structuredContent }: ToolResult) => structuredContent?.['error'] as CallError;
  const contentOf = ({ structuredContent }: ToolResult) => String(structuredContent?.['content']);
  const callIdOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);
  const reportOf = (result: ToolResult) => readCall(server, server.token(), callIdOf(result));
  const attemptsSeen = (result: ToolResult) => simulator.requestsOf(callIdOf(result));

  describe('attempts', () => {
    it('tries again after a server error and answers with the third attempt', async () => {
      const result = await chat('[[sim: 500 x2, ok, echo]] third time lucky');
      expect(contentOf(result)).toBe('third time lucky');
      expect((await attemptsSeen(result)).map(({ status }) => status)).toEqual([500, 500, 200]);
      expect(await reportOf(result)).toMatchObject({
        state: 'COMPLETED',
        attempts: 3,
        provider: 'simulator',
      });
    });

    it('waits as long as the provider asks to', async () => {
      const result = await chat('[[sim: 429(1), ok, echo]] patience');
      expect(contentOf(result)).toBe('patience');
      const [first, second, ...more] = await attemptsSeen(result);
      expect(more).toEqual([]);
      expect((second?.t ?? 0) - (first?.t ?? 0)).toBeGreaterThanOrEqual(1_000);
    });

    it('gives up after three and says how often it tried', async () => {
      const result = await chat('[[sim: 500]] never');
      expect(result.isError).toBe(true);
      expect(errorOf(result)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', attempts: 3, retryable: true });
      expect(await attemptsSeen(result)).toHaveLength(3);
      expect(await reportOf(result)).toMatchObject({ state: 'FAILED', attempts: 3 });
    });

    it('takes a refused key as final', async () => {
      const result = await chat('[[sim: 401]] not with this key', {}, { model: 'glm-4.6' });
      expect(errorOf(result)).toMatchObject({ code: 'PROVIDER_AUTH', attempts: 1, retryable: false });
      expect(await attemptsSeen(result)).toHaveLength(1);
    });
  });

  describe('deadline', () => {
    it('ends a call in time although the provider hangs', async () => {
      const began = Date.now();
      const result = await chat('[[sim: hang-headers]] hello?', { meta: { 'io.exai/timeoutMs': 300 } });
      const took = Date.now() - began;
      expect(errorOf(result)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      expect(took).toBeGreaterThanOrEqual(300);
      expect(took).toBeLessThan(3_000);
      expect(await reportOf(result)).toMatchObject({ state: 'EXPIRED' });
      const [request] = await eventually(async () => {
        const seen = await attemptsSeen(result);
        return seen.every(({ finishedAt }) => finishedAt !== null) && seen;
      }, 'the request at the provider ends');
      expect(request?.aborted ?? true).toBe(true);
    });

    it('refuses one that is no number of milliseconds', async () => {
      await expect(chat('hello', { meta: { 'io.exai/timeoutMs': 'soon' } })).rejects.toMatchObject({
        code: -32602,
        data: { code: 'INVALID_PARAMS' },
      });
    });
  });

  describe('conversation', () => {
    const threadOf = ({ structuredContent }: ToolResult) => {
      return (structuredContent?.['continuation_offer'] as { continuation_id: string }).continuation_id;
    };

    it('goes on where it stopped, over a restart too, and for its owner only', async () => {
      const thread = threadOf(await chat('[[sim: ok]] one'));
      const second = await chat('[[sim: ok]] two', {}, { continuation_id: thread });
      expect(contentOf(second)).toContain('Earlier turns seen: 2');

      const stranger = await connect(
        'v2-default',
        'websocket',
        server,
        server.token({ subject: 'stranger' }),
      );
      for (const id of [thread, '6b0f6a4e-7f5c-4a0e-9c53-000000000000', 'nonsense']) {
        const result = await stranger.callTool('chat', { prompt: 'mine now', continuation_id: id });
        expect(errorOf(result)).toMatchObject({ code: 'CONVERSATION_EXPIRED' });
      }
      await stranger.close();

      await client.close();
      expect(await server.stop()).toBe(0);
      server = await start();
      client = await connect('v2-default', 'websocket', server);
      const third = await chat('[[sim: ok]] three', {}, { continuation_id: thread });
      expect(contentOf(third)).toContain('Earlier turns seen: 4');
    });
  });

  describe('files', () => {
    it('reads those inside the roots', async () => {
      const path = join(files, 'notes.txt');
      writeFileSync(path, 'the password is swordfish\n');
      const result = await chat('[[sim: echo]] what does it say?', {}, { files: [path] });
      expect(result.isError ?? false).toBe(false);
      const [request] = await attemptsSeen(result);
      expect(request?.status).toBe(200);
      expect(contentOf(result)).toContain('swordfish');
    });

    it('denies those outside, whether they exist or not', async () => {
      writeFileSync(join(outside, 'notes.txt'), 'secret');
      for (const name of ['notes.txt', 'missing.txt']) {
        const result = await chat('[[sim: echo]] and this?', {}, { files: [join(outside, name)] });
        expect(errorOf(result)).toMatchObject({ code: 'FILE_DENIED' });
        expect(await attemptsSeen(result)).toEqual([]);
      }
    });
  });

  describe('correlation id', () => {
    it("is the caller's trace id, in answer, gateway log, worker log and at the provider", async () => {
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
      const result = await chat('[[sim: 500, ok, echo]] follow me', { meta: { traceparent } });
      expect(result._meta?.['io.exai/correlationId']).toBe(traceId);
      expect(await simulator.requestsOf(traceId)).toHaveLength(2);
      expect(await reportOf(result)).toMatchObject({ correlationId: traceId });
      const logged = server.logs.filter(({ correlationId }) => correlationId === traceId);
      expect(new Set(logged.map((line) => line.process))).toEqual(new Set(['gateway', 'worker']));
    });

    it('is the call id without a trace, or with one that is not valid', async () => {
      const result = await chat('[[sim: echo]] plain', { meta: { traceparent: '00-zz-yy-01' } });
      expect(result._meta?.['io.exai/correlationId']).toBe(callIdOf(result));
      expect(await attemptsSeen(result)).toHaveLength(1);
    });
  });

  // Last: it stops the server.
  it('answers what runs before it stops', async () => {
    const raw = await RawSocket.initialized(server, server.token());
    const before = (await simulator.requests()).length;
    const texts = Array.from({ length: 20 }, (_, index) => `last words ${index}`);
    const calls = texts.map((text) =>
      raw.callTool('chat', { model: 'simulator-1', prompt: `[[sim: latency(1000), echo]] ${text}` }),
    );
    await eventually(async () => (await simulator.requests()).length === before + 20, 'all calls run');
    const stopped = server.stop();
    const answers = await Promise.all(calls);
    expect(answers.map(({ result }) => contentOf(result as unknown as ToolResult))).toEqual(texts);
    expect((await raw.closed).code).toBe(1012);
    expect(await stopped).toBe(0);
  });
});
