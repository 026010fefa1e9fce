import { getEventListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { type ErrorCode, ExaiError } from '#libs/errors';
import type { Completion, CompletionDelta, CompletionRequest } from '#libs/providers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCardSchema } from '../../libs/providers/src/catalogue/model-card.js';
import { CLIENTS } from '../../libs/providers/src/clients/index.js';
import type { ClientSettings } from '../../libs/providers/src/define.js';
import type { ModelClient } from '../../libs/providers/src/model-client.js';
import { openOutbound, type Outbound } from '../../libs/providers/src/outbound/outbound.js';
import { DialectServer, endless, json, type Reply, startDeafHost, stream } from './dialect-server.js';
import { type Said, type Wire, WIRES } from './dialect-wires.js';

const KEY = 'key-0123456789-of-this-test';
const CALL = { id: 'call_1', name: 'look', arguments: '{"at":1}' };
const TOOLS = [{ name: 'look', description: 'Looks.', parameters: { type: 'object' } }];
/** More than any answer may have, in pieces. */
const MEBIBYTE = 'x'.repeat(1024 * 1024);
const BOTH = [
  ['streamed', true],
  ['whole', false],
] as const;

let server: DialectServer;
let outbound: Outbound;

beforeEach(async () => {
  server = new DialectServer();
  await server.start();
  outbound = openOutbound({ allowPrivate: true, connectTimeoutMs: 300 });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await outbound.close();
  await server.stop();
});

it('covers every dialect', () => {
  expect(Object.keys(WIRES).sort()).toEqual(Object.keys(CLIENTS).sort());
});

async function failure(promise: Promise<unknown>): Promise<ExaiError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExaiError)) throw error;
  expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain(KEY);
  return error;
}

async function socketGone(): Promise<void> {
  await expect.poll(() => server.first.socket.destroyed, { interval: 5, timeout: 1_000 }).toBe(true);
}

describe.each(Object.entries(WIRES))('%s', (api, wire: Wire) => {
  const model = modelCardSchema.parse({
    provider: wire.provider.id,
    id: 'contract-1',
    contextWindow: 100_000,
    maxOutputTokens: 4_000,
    images: true,
    reasoning: { kind: 'none' },
    intelligence: 1,
  });

  // The vendor's package is loaded once, as by a worker that starts, so that no limit of time is spent on it.
  beforeAll(async () => {
    const settings = { baseUrl: 'http://127.0.0.1:1', fetch: globalThis.fetch };
    await clientWith(settings).prepare();
  });

  function clientWith(settings: Partial<ClientSettings> = {}): ModelClient {
    const create = CLIENTS[api];
    if (!create) throw new Error(`no dialect ${api}`);
    return create({
      provider: wire.provider,
      apiKey: KEY,
      baseUrl: settings.baseUrl ?? `${server.origin}${wire.basePath}`,
      timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 20_000 },
      maxInflight: 200,
      fetch: settings.fetch ?? outbound.fetch,
      ...settings,
    });
  }

  function requestWith(extra: Partial<CompletionRequest> = {}): CompletionRequest {
    const messages = [{ role: 'user', content: 'hello' }] as const;
    return { model, messages, correlationId: 'correlation-1', ...extra };
  }

  function ask(
    extra: Partial<CompletionRequest> = {},
    client = clientWith(),
    signal = new AbortController().signal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    return client.complete(requestWith(extra), signal, onDelta);
  }

  function say(said: Said, streamed: boolean): Reply {
    return streamed ? stream(wire.events(said)) : json(wire.whole(said));
  }

  function joined(deltas: readonly CompletionDelta[], type: CompletionDelta['type']): string {
    return deltas
      .filter((delta) => delta.type === type)
      .map(({ value }) => value)
      .join('');
  }

  describe('an answer', () => {
    it.each(BOTH)('%s is one request, and its pieces are what it says', async (_how, streamed) => {
      server.reply = say(
        { reasoning: ['Let me ', 'think.'], text: ['Hel', 'lo.'], call: CALL, finish: 'tool_calls' },
        streamed,
      );
      const deltas: CompletionDelta[] = [];
      const signal = new AbortController().signal;
      const completion = await ask({ streamed, tools: TOOLS }, clientWith(), signal, (delta) =>
        deltas.push(delta),
      );
      expect(completion).toMatchObject({
        content: 'Hello.',
        reasoning: 'Let me think.',
        toolCalls: [CALL],
        finishReason: 'tool_calls',
        model: 'contract-1',
        provider: wire.provider.id,
        usage: { input: 20, output: 9, total: 29, cached: 4, reasoning: 3 },
      });
      expect(joined(deltas, 'text')).toBe('Hello.');
      expect(joined(deltas, 'reasoning')).toBe('Let me think.');
      expect(joined(deltas, 'tool_call')).toBe(JSON.stringify(CALL));
      expect(deltas.map(({ type }) => type).indexOf('text')).toBeGreaterThan(0);
      expect(server.received).toHaveLength(1);
      expect(server.first.url).toBe(wire.completions);
    });

    it.each(BOTH)('%s tells its headers if asked to, and never a cookie', async (_how, streamed) => {
      const sent = say({ text: ['Hello.'], finish: 'stop' }, streamed);
      server.reply = (response, request) => {
        response.setHeader('x-msh-trace-id', 'trace-1');
        response.setHeader('set-cookie', 'session=1');
        sent(response, request);
      };
      expect(await ask({ streamed })).not.toHaveProperty('headers');
      const { headers } = await ask({ streamed, captureHeaders: true });
      expect(headers).toMatchObject({ 'x-msh-trace-id': 'trace-1' });
      expect(Object.keys(headers ?? {})).not.toContain('set-cookie');
    });

    it('arrives while it is written', async () => {
      const deltas: string[] = [];
      server.reply = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const event of wire.opening('first')) response.write(event);
      };
      const caller = new AbortController();
      const pending = failure(ask({}, clientWith(), caller.signal, ({ value }) => deltas.push(value)));
      await expect.poll(() => deltas).toEqual(['first']);
      caller.abort();
      expect((await pending).code).toBe('CANCELLED');
    });

    it('keeps characters whole whose bytes come one by one, and loses NUL alone', async () => {
      const text = 'Grüße 日本語 🙂';
      server.reply = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.socket?.setNoDelay(true);
        void (async () => {
          for (const byte of Buffer.from(wire.events({ text: [text, '\0', '!'] }).join(''))) {
            response.write(Buffer.from([byte]));
            await new Promise((resolve) => setImmediate(resolve));
          }
          response.end();
        })();
      };
      expect((await ask()).content).toBe(`${text}!`);
    });

    it.each(BOTH)('%s is what was asked, when many ask at once', async (_how, streamed) => {
      server.reply = (response, request) => {
        const asked = /question \d+/.exec(request.text)?.[0] ?? '';
        say({ text: [asked] }, streamed)(response, request);
      };
      const contents = Array.from({ length: 100 }, (_, index) => `question ${index}`);
      const client = clientWith();
      const completions = await Promise.all(
        contents.map((content) => ask({ streamed, messages: [{ role: 'user', content }] }, client)),
      );
      expect(completions.map(({ content }) => content)).toEqual(contents);
      expect(server.received).toHaveLength(100);
    });

    it('may take longer than a silence, as long as it goes on', async () => {
      server.reply = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        void (async () => {
          for (const event of wire.events({ reasoning: [...'abcdefgh'], text: [...'ijklmnop'] })) {
            response.write(event);
            await new Promise((resolve) => setTimeout(resolve, 60));
          }
          response.end();
        })();
      };
      const timeouts = { firstByteMs: 700, idleMs: 700, totalMs: 20_000 };
      const { content, latencyMs, firstTokenMs } = await ask({}, clientWith({ timeouts }));
      expect(content).toBe('ijklmnop');
      expect(latencyMs).toBeGreaterThan(900);
      expect(firstTokenMs).toBeLessThan(latencyMs - 500);
    });

    it('leaves nothing behind at the caller', async () => {
      server.reply = say({ text: ['x'] }, true);
      const { signal } = new AbortController();
      await ask({}, clientWith(), signal);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('leaves its connection to the next request', async () => {
      server.reply = say({ text: ['x'] }, true);
      const client = clientWith();
      for (let round = 0; round < 10; round += 1) await ask({}, client);
      expect(new Set(server.received.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
    });
  });

  describe('the request', () => {
    it.each([
      ['the least', {}],
      ['a whole answer', { streamed: false, temperature: 0.5, maxOutputTokens: 100 }],
      [
        'a conversation with tools',
        {
          tools: TOOLS,
          toolChoice: 'auto',
          messages: [
            { role: 'system', content: 'Be brief.' },
            {
              role: 'user',
              content: [
                { type: 'text', text: 'Ü\u2028🙂' },
                { type: 'image', mediaType: 'image/png', data: 'AA==' },
              ],
            },
            { role: 'assistant', content: '', toolCalls: [CALL] },
            { role: 'tool', toolCallId: CALL.id, content: 'seen' },
          ],
        },
      ],
    ] satisfies [string, Partial<CompletionRequest>][])(
      'for %s is the previewed one',
      async (_what, extra) => {
        server.reply = say({ text: ['x'] }, !('streamed' in extra));
        const client = clientWith();
        const preview = client.preview(requestWith(extra));
        await ask(extra, client);
        const { method, url, body } = server.first;
        expect({ method, url: `${server.origin}${url}`, body }).toEqual(preview);
      },
    );

    it('carries the key in one header alone, and the correlation id', async () => {
      server.reply = say({ text: ['x'] }, true);
      await ask();
      const { headers, url, text } = server.first;
      const [name, value] = wire.auth;
      expect(headers[name]).toBe(value(KEY));
      expect(headers['x-request-id']).toBe('correlation-1');
      const others = Object.entries(headers).filter(([header]) => header !== name);
      expect(JSON.stringify([others, url, text])).not.toContain(KEY);
    });

    it.each([
      ['with a key', KEY],
      ['without one', ''],
    ])('takes nothing from the environment, %s', async (_how, apiKey) => {
      const written = (['debug', 'log', 'info', 'warn', 'error'] as const).map((name) =>
        vi.spyOn(console, name).mockReturnValue(),
      );
      for (const [name, value] of Object.entries(wire.environment)) vi.stubEnv(name, value);
      server.reply = say({ text: ['x'] }, true);
      await ask({}, clientWith({ apiKey }));
      expect(server.received).toHaveLength(1);
      const { headers, url, text } = server.first;
      expect(JSON.stringify([headers, url, text])).not.toContain('of-the-environment');
      expect(headers[wire.auth[0]]).toBe(apiKey === '' ? undefined : wire.auth[1](KEY));
      if (apiKey === '') expect(headers).not.toHaveProperty('authorization');
      for (const spy of written) expect(spy).not.toHaveBeenCalled();
    });

    it('for the list of models is one, with the key', async () => {
      server.reply = json({ data: [{ id: 'a' }, { id: 'b' }] });
      const list = await clientWith().listRemoteModels(new AbortController().signal);
      expect(list.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(server.received).toHaveLength(1);
      expect([server.first.method, server.first.headers[wire.auth[0]]]).toEqual(['GET', wire.auth[1](KEY)]);
      expect(server.first.url).toMatch(wire.models);
    });
  });

  describe('a refusal', () => {
    const statuses: [number, ErrorCode][] = [
      [400, 'PROVIDER_REJECTED'],
      [401, 'PROVIDER_AUTH'],
      [402, 'PROVIDER_QUOTA'],
      [403, 'PROVIDER_AUTH'],
      [404, 'MODEL_NOT_FOUND'],
      [413, 'CONTEXT_TOO_LARGE'],
      [429, 'PROVIDER_RATE_LIMITED'],
      [500, 'PROVIDER_UNAVAILABLE'],
      [502, 'PROVIDER_UNAVAILABLE'],
      [503, 'PROVIDER_UNAVAILABLE'],
      [529, 'PROVIDER_UNAVAILABLE'],
    ];

    it.each(statuses)('of status %i is %s after one request', async (status, code) => {
      const headers = { 'retry-after': '3', 'x-should-retry': 'true', 'x-request-id': 'upstream-1' };
      server.reply = json(wire.refusal(status, `no, not with ${KEY}`), headers, status);
      const error = await failure(ask());
      expect(error.code).toBe(code);
      expect(error.details).toMatchObject({
        provider: wire.provider.id,
        model: 'contract-1',
        upstreamStatus: status,
        upstreamRequestId: 'upstream-1',
        retryAfterMs: 3_000,
        reason: 'no, not with [redacted]',
      });
      expect(server.received).toHaveLength(1);
    });

    it.each([
      ...statuses,
      [408, 'PROVIDER_TIMEOUT'],
      [409, 'PROVIDER_UNAVAILABLE'],
      [418, 'PROVIDER_REJECTED'],
    ] as [number, ErrorCode][])('of status %i without a readable body is %s', async (status, code) => {
      server.reply = json('<html>Bad gateway</html>', { 'content-type': 'text/html' }, status);
      expect((await failure(ask())).code).toBe(code);
      expect(server.received).toHaveLength(1);
    });

    it('for a prompt that is too long says how much fits', async () => {
      server.reply = json(wire.refusal(400, 'this exceeds the context window'), {}, 400);
      const error = await failure(ask());
      expect([error.code, error.details['limit']]).toEqual(['CONTEXT_TOO_LARGE', 100_000]);
    });

    it('without an end is cut short', async () => {
      server.reply = endless('x'.repeat(65_536), 'text/plain', 500);
      expect((await failure(ask())).code).toBe('PROVIDER_UNAVAILABLE');
      await socketGone();
    });

    it('by redirect is not followed', async () => {
      server.reply = json('', { location: `${server.origin}/elsewhere` }, 307);
      expect((await failure(ask())).code).toBe('PROVIDER_BAD_RESPONSE');
      expect(server.received).toHaveLength(1);
    });

    it('in the middle of a stream is by the same table', async () => {
      server.reply = stream([...wire.opening('half'), wire.failure]);
      expect((await failure(ask())).code).toBe('PROVIDER_QUOTA');
    });
  });

  describe('an unusable answer', () => {
    it.each<[string, string, boolean, () => Reply]>([
      ['empty', 'PROVIDER_BAD_RESPONSE', true, () => say({ text: [] }, true)],
      ['empty and whole', 'PROVIDER_BAD_RESPONSE', false, () => say({ text: [] }, false)],
      ['blank', 'PROVIDER_BAD_RESPONSE', true, () => say({ text: [' ', '\n'] }, true)],
      [
        'all thinking',
        'PROVIDER_BAD_RESPONSE',
        true,
        () => say({ reasoning: ['Hm.'], finish: 'length' }, true),
      ],
      ['filtered', 'CONTENT_FILTERED', true, () => say({ finish: 'content_filter' }, true)],
      ['filtered and whole', 'CONTENT_FILTERED', false, () => say({ finish: 'content_filter' }, false)],
      [
        'with calls nobody can answer',
        'PROVIDER_BAD_RESPONSE',
        true,
        () => say({ text: ['x'], call: CALL, finish: 'tool_calls' }, true),
      ],
      [
        'whole and with calls nobody can answer',
        'PROVIDER_BAD_RESPONSE',
        false,
        () => say({ text: ['x'], call: CALL, finish: 'tool_calls' }, false),
      ],
      ['without an end', 'PROVIDER_BAD_RESPONSE', true, () => stream(wire.opening('half'))],
      ['without a beginning', 'PROVIDER_BAD_RESPONSE', true, () => stream([])],
      [
        'with a broken event',
        'PROVIDER_BAD_RESPONSE',
        true,
        () => stream([...wire.opening('half'), 'data: {"a\n\n']),
      ],
      ['of broken JSON', 'PROVIDER_BAD_RESPONSE', false, () => json('{"a": [')],
      ['of nothing', 'PROVIDER_BAD_RESPONSE', false, () => json('')],
      ['of another shape', 'PROVIDER_BAD_RESPONSE', false, () => json('[1]')],
      ['of HTML', 'PROVIDER_BAD_RESPONSE', false, () => json('<p>', { 'content-type': 'text/html' })],
      [
        'of HTML for a stream',
        'PROVIDER_BAD_RESPONSE',
        true,
        () => json('<p>', { 'content-type': 'text/html' }),
      ],
      [
        'in bytes that are no text',
        'PROVIDER_BAD_RESPONSE',
        true,
        () => stream([...wire.opening('half'), Buffer.from([0x64, 0xff, 0xfe, 0x0a])]),
      ],
      [
        'that is not what it was packed as',
        'PROVIDER_BAD_RESPONSE',
        false,
        () => json('plain', { 'content-encoding': 'gzip' }),
      ],
      [
        'that breaks off',
        'PROVIDER_UNAVAILABLE',
        true,
        () => (response) => {
          stream(wire.opening('half'), false)(response, server.first);
          setTimeout(() => response.destroy(), 50);
        },
      ],
    ])('%s is %s', async (_what, code, streamed, reply) => {
      server.reply = reply();
      expect((await failure(ask({ streamed }))).code).toBe(code);
      expect(server.received).toHaveLength(1);
    });

    it('has its nonsense counts ignored, and its tokens estimated', async () => {
      const whole = JSON.stringify(wire.whole({ text: ['12345678'] }));
      server.reply = json(whole.replaceAll(/_tokens":\d+/g, '_tokens":1e999'));
      const { usage } = await ask({ streamed: false });
      expect(usage).toMatchObject({ output: 2, estimated: true });
      expect(Object.values(usage).every((value) => value === true || Number.isSafeInteger(value))).toBe(true);
    });
  });

  describe('an answer of more than 16 MiB', () => {
    it.each<[string, boolean, () => Reply]>([
      ['whole', false, () => endless(MEBIBYTE, 'application/json')],
      ['streamed', true, () => endless(`data: ${MEBIBYTE}\n`, 'text/event-stream')],
      ['in one line', true, () => endless(MEBIBYTE, 'text/event-stream')],
    ])('%s is given up, and its connection', async (_how, streamed, reply) => {
      server.reply = reply();
      const error = await failure(ask({ streamed }));
      expect(error.code).toBe('OUTPUT_TOO_LARGE');
      expect(error.details).toMatchObject({ provider: wire.provider.id, model: 'contract-1' });
      await socketGone();
    });

    it('is given up however small it was on the wire', async () => {
      server.reply = (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.alloc(40 * 1024 * 1024, 'x')));
      };
      expect((await failure(ask({ streamed: false }))).code).toBe('OUTPUT_TOO_LARGE');
    });

    it('of headers alone is given up as well', async () => {
      const many = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`x-${i}`, 'y'.repeat(1_000)]));
      server.reply = json({}, many);
      expect((await failure(ask())).code).toBe('OUTPUT_TOO_LARGE');
    });
  });

  const silent: Reply = () => undefined;
  const spoken = (): Reply => stream(wire.opening('half'), false);
  const halfWhole: Reply = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  const noisy = (): Reply => (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write(wire.noise), 20);
    response.on('close', () => clearInterval(timer));
  };

  describe('an abort', () => {
    it.each<[string, boolean, () => Reply]>([
      ['before the headers of a stream', true, () => silent],
      ['before the headers of a whole answer', false, () => silent],
      ['in the middle of a stream', true, spoken],
      ['in the middle of a whole answer', false, () => halfWhole],
      ['in the middle of a refusal', true, () => (response) => void response.writeHead(500).write('{')],
    ])('%s reaches the socket within a second', async (_when, streamed, reply) => {
      server.reply = reply();
      const caller = new AbortController();
      const pending = failure(ask({ streamed }, clientWith(), caller.signal));
      await expect.poll(() => server.received.length).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const startedAt = performance.now();
      caller.abort();
      expect((await pending).code).toBe('CANCELLED');
      await socketGone();
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    });

    it('is told with the reason of the caller', async () => {
      server.reply = silent;
      const caller = new AbortController();
      const pending = ask({}, clientWith(), caller.signal);
      const reason = new ExaiError('DEADLINE_EXCEEDED');
      setTimeout(() => caller.abort(reason), 20);
      await expect(pending).rejects.toBe(reason);
    });

    it('beforehand sends nothing', async () => {
      expect((await failure(ask({}, clientWith(), AbortSignal.abort()))).code).toBe('CANCELLED');
      expect(server.received).toHaveLength(0);
    });
  });

  describe('a vendor that hangs', () => {
    const short = { firstByteMs: 250, idleMs: 250, totalMs: 600 };

    it.each<[string, string, boolean, () => Reply]>([
      ['before the headers', 'first_byte', true, () => silent],
      ['in the middle of a stream', 'idle', true, spoken],
      ['with signs of life alone', 'idle', true, noisy],
      ['before a whole answer', 'total', false, () => silent],
      ['in the middle of a whole answer', 'total', false, () => halfWhole],
    ])('%s is left at the limit called %s', async (_where, stage, streamed, reply) => {
      server.reply = reply();
      const startedAt = performance.now();
      const error = await failure(ask({ streamed }, clientWith({ timeouts: short })));
      expect([error.code, error.details['stage']]).toEqual(['PROVIDER_TIMEOUT', stage]);
      expect(performance.now() - startedAt).toBeLessThan(1_500);
      await socketGone();
    });

    it('is given its own share of time by the model', async () => {
      server.reply = silent;
      const slow = { ...model, timeoutMultiplier: 2 };
      const startedAt = performance.now();
      expect((await failure(ask({ model: slow }, clientWith({ timeouts: short })))).code).toBe(
        'PROVIDER_TIMEOUT',
      );
      expect(performance.now() - startedAt).toBeGreaterThan(450);
    });

    it('while it is called is left at the limit of connecting, and may be left before', async () => {
      const host = await startDeafHost();
      try {
        const client = clientWith({ baseUrl: `${host.origin}${wire.basePath}` });
        const startedAt = performance.now();
        expect((await failure(ask({}, client))).code).toBe('PROVIDER_TIMEOUT');
        expect(performance.now() - startedAt).toBeLessThan(2_500);
        const signal = AbortSignal.timeout(50);
        const abortedAt = performance.now();
        expect((await failure(ask({}, client, signal))).code).toBe('CANCELLED');
        expect(performance.now() - abortedAt).toBeLessThan(1_000);
      } finally {
        host.stop();
      }
    });
  });

  it('says that a vendor is unavailable when nobody listens', async () => {
    const client = clientWith({ baseUrl: `http://127.0.0.1:1${wire.basePath}` });
    expect((await failure(ask({}, client))).code).toBe('PROVIDER_UNAVAILABLE');
  });

  it('says that a vendor is unavailable when it hangs up', async () => {
    server.reply = (response) => response.socket?.resetAndDestroy();
    expect((await failure(ask())).code).toBe('PROVIDER_UNAVAILABLE');
    expect(server.received).toHaveLength(1);
  });
});
