import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalogue } from '../catalogue/catalogue.js';
import { PROVIDERS } from '../descriptors/index.js';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ClientTimeouts } from '../define.js';
import type { Completion, CompletionDelta, CompletionRequest } from '../model-client.js';
import { type Outbound, openOutbound } from '../outbound/outbound.js';
import { OpenAiChatClient } from './openai-chat.client.js';
import { MAX_SEARCH_ROUNDS } from './openai-web-search.js';

const KEY = 'sk-secret-key-of-this-test';
const catalogue = Catalogue.build(PROVIDERS);

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly body: Record<string, unknown>;
  readonly socket: Socket;
}

type Answer = (response: ServerResponse, request: Received) => void;

let server: Server;
let received: Received[];
let answers: Answer[];
let outbound: Outbound;

beforeEach(async () => {
  outbound = openOutbound({ allowPrivate: true });
  received = [];
  answers = [];
  server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as Record<string, unknown>;
      const request = { headers: incoming.headers, url: incoming.url ?? '', body, socket: incoming.socket };
      received.push(request);
      (answers[received.length - 1] ?? answers.at(-1))?.(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await outbound.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function cardOf(name: string): ModelCard {
  const card = catalogue.find(name);
  if (!card) throw new Error(`no model ${name}`);
  return card;
}

interface Way {
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<ClientTimeouts>;
  readonly onDelta?: (delta: CompletionDelta) => void;
  readonly baseUrl?: string;
}

function clientFor(model: ModelCard, { timeouts, baseUrl }: Way = {}): OpenAiChatClient {
  const provider = catalogue.providers.find(({ id }) => id === model.provider);
  if (!provider) throw new Error('no provider');
  return new OpenAiChatClient({
    provider,
    apiKey: KEY,
    baseUrl: baseUrl ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    timeouts: { firstByteMs: 20_000, idleMs: 20_000, totalMs: 20_000, ...timeouts },
    maxInflight: 8,
    fetch: outbound.fetch,
  });
}

/** Whole unless the request says otherwise. */
function ask(extra: Partial<CompletionRequest> = {}, way: Way = {}): Promise<Completion> {
  const model = extra.model ?? cardOf('kimi-k2.6');
  const messages = [{ role: 'user', content: 'hello' }] as const;
  const request = { model, messages, correlationId: 'correlation-1', streamed: false, ...extra };
  return clientFor(model, way).complete(request, way.signal ?? new AbortController().signal, way.onDelta);
}

async function failure(promise: Promise<unknown>): Promise<ExaiError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExaiError)) throw error;
  expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain(KEY);
  return error;
}

function json(body: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function whole(content: string, finish = 'stop', extra: object = {}): Answer {
  const message = { role: 'assistant', content, ...extra };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return json({ id: 'chat-1', choices: [{ index: 0, message, finish_reason: finish }], usage });
}

function delta(fields: object, finish: string | null = null): object {
  return { id: 'chat-1', choices: [{ index: 0, delta: fields, finish_reason: finish }] };
}

function events(...list: (object | string)[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of list) {
      response.write(typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  };
}

/** Collects the answer alone. */
function onText(deltas: string[]): (delta: CompletionDelta) => void {
  return ({ type, value }) => {
    if (type === 'text') deltas.push(value);
  };
}

const DONE = 'data: [DONE]\n\n';

describe('a whole answer', () => {
  it('is one request with key, correlation id and the built body', async () => {
    answers = [
      json(
        {
          id: 'chat-1',
          choices: [
            { index: 0, message: { content: 'Hi.', reasoning_content: 'Hm.' }, finish_reason: 'stop' },
          ],
          usage: {
            prompt_tokens: 10,
            completion_tokens: 5,
            total_tokens: 15,
            prompt_tokens_details: { cached_tokens: 4 },
            completion_tokens_details: { reasoning_tokens: 2 },
          },
        },
        { 'x-request-id': 'upstream-7' },
      ),
    ];
    const { latencyMs, ...completion } = await ask({ maxOutputTokens: 100 });
    expect(completion).toEqual({
      content: 'Hi.',
      reasoning: 'Hm.',
      usage: { input: 10, output: 5, total: 15, cached: 4, reasoning: 2 },
      model: 'kimi-k2.6',
      provider: 'kimi',
      finishReason: 'stop',
      upstreamRequestId: 'upstream-7',
    });
    expect(latencyMs).toBeGreaterThanOrEqual(0);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}`, 'x-request-id': 'correlation-1' },
      body: { model: 'kimi-k2.6', max_completion_tokens: 100 },
    });
  });

  it('reads cached tokens where Kimi puts them, and takes the id of the body when no header has one', async () => {
    const choices = [{ message: { content: 'x' }, finish_reason: 'length' }];
    answers = [
      json({ id: 'chat-9', choices, usage: { prompt_tokens: 3, completion_tokens: 1, cached_tokens: 2 } }),
    ];
    expect(await ask()).toMatchObject({
      usage: { input: 3, output: 1, total: 4, cached: 2 },
      upstreamRequestId: 'chat-9',
      finishReason: 'length',
    });
  });

  it.each([
    ['broken JSON', json('{"choices": [{'), 'the answer is not valid JSON'],
    ['an empty body', json(''), 'the answer is not valid JSON'],
    ['no choices', json({ choices: [] }), 'the answer has no choices or no finish reason'],
    ['a JSON of another kind', json('[1, 2]'), 'the answer has another shape'],
    ['null', json('null'), 'the answer has another shape'],
    ['an empty answer', whole(''), 'the answer is empty (finish reason stop)'],
    ['blank text', whole(' \n'), 'the answer is empty (finish reason stop)'],
    [
      'tool calls nobody asked for',
      whole('', 'tool_calls'),
      'the answer is empty (finish reason tool_calls)',
    ],
    ['only thinking', whole('', 'length'), 'the output limit was used up before any answer text'],
    [
      'another content type',
      json('<html>', { 'content-type': 'text/html' }),
      'content type text/html in place of json',
    ],
  ])('of %s is a bad response', async (_what, answer, reason) => {
    answers = [answer];
    const error = await failure(ask());
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_BAD_RESPONSE', reason]);
    expect(received).toHaveLength(1);
  });

  it('that is filtered away is said to be so', async () => {
    answers = [whole('', 'content_filter')];
    expect((await failure(ask())).code).toBe('CONTENT_FILTERED');
  });

  it('may be an error in spite of its status', async () => {
    answers = [json({ error: { code: '1302', message: 'busy' } })];
    expect((await failure(ask({ model: cardOf('glm-4.6') }))).code).toBe('PROVIDER_RATE_LIMITED');
  });
});

describe('a refusal', () => {
  it('is classified, keeps its marks and never holds the key', async () => {
    answers = [
      json(
        { error: { type: 'rate_limit_reached_error', message: `limit of ${KEY} reached` } },
        { 'retry-after': '2', 'msh-request-id': 'msh-1' },
        429,
      ),
    ];
    const error = await failure(ask());
    expect(error.code).toBe('PROVIDER_RATE_LIMITED');
    expect(error.details).toMatchObject({
      provider: 'kimi',
      model: 'kimi-k2.6',
      retryAfterMs: 2_000,
      upstreamStatus: 429,
      upstreamRequestId: 'msh-1',
      reason: 'limit of [redacted] reached',
    });
    expect(received).toHaveLength(1);
  });

  it.each([408, 409, 429, 500, 503])('of status %i is not tried again', async (status) => {
    answers = [json('', { 'x-should-retry': 'true' }, status)];
    await failure(ask());
    expect(received).toHaveLength(1);
  });

  it('by redirect is not followed', async () => {
    answers = [json('', { location: 'http://127.0.0.1:1/elsewhere' }, 307)];
    const error = await failure(ask());
    expect(error.code).toBe('PROVIDER_BAD_RESPONSE');
    expect(error.details.upstreamStatus).toBe(307);
    expect(received).toHaveLength(1);
  });

  it('of enormous length is cut short', async () => {
    answers = [
      (response) => {
        response.writeHead(500, { 'content-type': 'text/plain' });
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      },
    ];
    expect((await failure(ask())).code).toBe('PROVIDER_UNAVAILABLE');
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });
});

describe('a streamed answer', () => {
  async function stream(answer: Answer): Promise<{ completion: Completion; deltas: string[] }> {
    answers = [answer];
    const deltas: string[] = [];
    const completion = await ask({ streamed: true }, { onDelta: onText(deltas) });
    return { completion, deltas };
  }

  it('arrives piece by piece, with its thinking kept apart', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    const { completion, deltas } = await stream(
      events(
        ': a comment\n\n',
        delta({ role: 'assistant', content: '' }),
        delta({ reasoning_content: 'Let me ' }),
        delta({ reasoning_content: 'think.' }),
        delta({ content: 'Hello ' }),
        delta({ content: 'world.' }),
        delta({}, 'stop'),
        { id: 'chat-1', choices: [], usage },
        DONE,
      ),
    );
    expect(deltas).toEqual(['Hello ', 'world.']);
    expect(completion).toMatchObject({
      content: 'Hello world.',
      reasoning: 'Let me think.',
      usage: { input: 3, output: 4, total: 7 },
      finishReason: 'stop',
    });
    expect(received[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('reads CRLF, missing blanks, usage inside the choice and a missing [DONE]', async () => {
    const last = {
      choices: [{ delta: {}, finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 1 } }],
    };
    const { completion } = await stream(
      events(`data:${JSON.stringify(delta({ content: 'x' }))}\r\n\r\n`, `data: ${JSON.stringify(last)}`),
    );
    expect(completion).toMatchObject({ content: 'x', usage: { total: 2 } });
  });

  it('keeps characters whole that arrive in two packets', async () => {
    const text = 'Grüße 日本語 🙂';
    const bytes = Buffer.from(`data: ${JSON.stringify(delta({ content: text }, 'stop'))}\n\n${DONE}`);
    const { completion } = await stream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.socket?.setNoDelay(true);
      void (async () => {
        for (const byte of bytes) {
          response.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        response.end();
      })();
    });
    expect(completion.content).toBe(text);
  });

  it('keeps the connection for the next request', async () => {
    answers = [events(delta({ content: 'x' }, 'stop'), DONE)];
    for (let round = 0; round < 10; round += 1) await ask({ streamed: true });
    // Node keeps a second one at hand.
    expect(new Set(received.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
  });

  it('does not wait for a connection that stays open after [DONE]', async () => {
    const startedAt = performance.now();
    await stream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(delta({ content: 'x' }, 'stop'))}\n\n${DONE}`);
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });

  it.each([
    [
      'no finish reason',
      events(delta({ content: 'half' })),
      'the stream ended before the answer was complete',
    ],
    ['nothing at all', events(), 'the stream ended before the answer was complete'],
    ['no text', events(delta({}, 'stop'), DONE), 'the answer is empty (finish reason stop)'],
    ['broken JSON', events(delta({ content: 'half' }), 'data: {"cho\n\n'), 'the answer is not valid JSON'],
    ['JSON in place of events', whole('Hi.'), 'content type application/json in place of event-stream'],
  ])('with %s is a bad response', async (_what, answer, reason) => {
    const error = await failure(stream(answer));
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_BAD_RESPONSE', reason]);
  });

  it('with an error in the middle is that error', async () => {
    const error = { error: { type: 'engine_overloaded_error', message: 'overloaded' } };
    const known = await failure(stream(events(delta({ content: 'half' }), error)));
    expect(known.code).toBe('PROVIDER_UNAVAILABLE');
    const unknown = await failure(stream(events(delta({ content: 'half' }), { error: { message: 'hm' } })));
    expect(unknown.code).toBe('PROVIDER_BAD_RESPONSE');
  });

  it('that breaks off is unavailable, not complete', async () => {
    const error = await failure(
      stream((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(delta({ content: 'half' }))}\n\n`, () => response.destroy());
      }),
    );
    expect(error.code).toBe('PROVIDER_UNAVAILABLE');
  });

  it('is a whole answer, handed over once, from a model that cannot stream', async () => {
    answers = [whole('Hi.')];
    const deltas: string[] = [];
    const model = { ...cardOf('kimi-k2.6'), streaming: false };
    await ask({ model, streamed: true }, { onDelta: onText(deltas) });
    expect(deltas).toEqual(['Hi.']);
  });
});

describe('limits', () => {
  it('end an answer of more than 16 MiB, however small it was on the wire', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, 'x'));
    answers = [
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(bomb);
      },
    ];
    const error = await failure(ask());
    expect(error.code).toBe('OUTPUT_TOO_LARGE');
    expect(error.details).toMatchObject({ provider: 'kimi', model: 'kimi-k2.6', limit: '16384 KiB' });
  });

  it('end an answer with too many headers', async () => {
    answers = [
      json({}, Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)]))),
    ];
    expect((await failure(ask())).code).toBe('OUTPUT_TOO_LARGE');
  });

  it.each([
    ['without headers', () => undefined],
    [
      'in the middle of the body',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"choices"');
      },
    ],
  ])('end an answer that hangs %s, and its connection', async (_where, answer) => {
    answers = [answer];
    const error = await failure(ask({}, { timeouts: { totalMs: 200 } }));
    expect([error.code, error.details.reason]).toEqual([
      'PROVIDER_TIMEOUT',
      'no complete answer within 0.2 s',
    ]);
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });

  it('give a model its own share of time', async () => {
    answers = [() => undefined];
    const error = await failure(ask({ model: cardOf('kimi-k3') }, { timeouts: { totalMs: 200 } }));
    expect(error.details.reason).toBe('no complete answer within 0.3 s');
  });

  it('end a stream of nothing but comments', async () => {
    answers = [
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const timer = setInterval(() => response.write(': still here\n\n'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ];
    expect((await failure(ask({ streamed: true }, { timeouts: { idleMs: 300 } }))).code).toBe(
      'PROVIDER_TIMEOUT',
    );
  });
});

describe('an abort', () => {
  const hanging: [string, Answer, Partial<CompletionRequest>][] = [
    ['before the headers', () => undefined, {}],
    [
      'in the middle of a body',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      {},
    ],
    [
      'in the middle of a stream',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(delta({ content: 'half' }))}\n\n`);
      },
      { streamed: true },
    ],
  ];

  it.each(hanging)('%s reaches the socket at once', async (_when, answer, extra) => {
    answers = [answer];
    const caller = new AbortController();
    const pending = failure(ask(extra, { signal: caller.signal }));
    await expect.poll(() => received.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    caller.abort();
    expect((await pending).code).toBe('CANCELLED');
    await expect.poll(() => received[0]?.socket.destroyed, { interval: 5 }).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('rejects with the reason of the caller when that is one of our errors', async () => {
    answers = [() => undefined];
    const caller = new AbortController();
    const pending = ask({}, { signal: caller.signal });
    const reason = new ExaiError('DEADLINE_EXCEEDED');
    setTimeout(() => caller.abort(reason), 20);
    await expect(pending).rejects.toBe(reason);
  });

  it('beforehand sends nothing', async () => {
    expect((await failure(ask({}, { signal: AbortSignal.abort() }))).code).toBe('CANCELLED');
    expect(received).toHaveLength(0);
  });
});

describe('the web search of Kimi', () => {
  const call = {
    id: 'call-1',
    type: 'builtin_function',
    function: { name: '$web_search', arguments: '{"q":1}' },
  };

  it('gets its arguments back unchanged and then answers', async () => {
    answers = [whole('', 'tool_calls', { tool_calls: [call] }), whole('Found it.')];
    const completion = await ask({ webSearch: true });
    expect(completion).toMatchObject({
      content: 'Found it.',
      finishReason: 'stop',
      usage: { input: 20, output: 10, total: 30 },
    });
    expect(received).toHaveLength(2);
    expect(received[1]?.body['messages']).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call-1', name: '$web_search', content: '{"q":1}' },
    ]);
    expect(received[1]?.body['tools']).toEqual(received[0]?.body['tools']);
  });

  it('works in a stream, whose pieces together are the answer', async () => {
    const piece = (index: number, fields: object): object => delta({ tool_calls: [{ index, ...fields }] });
    answers = [
      events(
        delta({ content: 'Searching. ' }),
        piece(0, { ...call, function: { name: '$web_search', arguments: '{"q"' } }),
        piece(0, { function: { arguments: ':1}' } }),
        delta({}, 'tool_calls'),
        DONE,
      ),
      events(delta({ content: 'Found it.' }, 'stop'), DONE),
    ];
    const deltas: string[] = [];
    const completion = await ask({ webSearch: true, streamed: true }, { onDelta: onText(deltas) });
    expect(completion.content).toBe('Searching. Found it.');
    expect(deltas.join('')).toBe(completion.content);
    expect(received[1]?.body['messages']).toContainEqual(
      expect.objectContaining({ role: 'tool', content: '{"q":1}' }),
    );
  });

  it('that ends without a word is a bad response, whatever was said before it', async () => {
    answers = [whole('Searching.', 'tool_calls', { tool_calls: [call] }), whole('')];
    expect((await failure(ask({ webSearch: true }))).code).toBe('PROVIDER_BAD_RESPONSE');
  });

  it('that never ends is given up', async () => {
    answers = [whole('', 'tool_calls', { tool_calls: [call] })];
    const error = await failure(ask({ webSearch: true }));
    expect(error.details.reason).toBe('the search did not come to an end');
    expect(received).toHaveLength(MAX_SEARCH_ROUNDS + 1);
  });

  it('beside calls of the caller’s functions hands those back, as only the caller can answer them', async () => {
    const own = { id: 'call-2', type: 'function', function: { name: 'find', arguments: '{"n":1}' } };
    const tools = [{ name: 'find', parameters: { type: 'object' } }];
    for (const streamed of [false, true]) {
      received = [];
      const pieces = [call, own].map((one, index) => ({ index, ...one }));
      answers = streamed
        ? [events(delta({ tool_calls: pieces }), delta({}, 'tool_calls'), DONE)]
        : [whole('', 'tool_calls', { tool_calls: [call, own] })];
      const completion = await ask({ webSearch: true, tools, streamed });
      expect(completion).toMatchObject({
        toolCalls: [{ id: 'call-2', name: 'find', arguments: '{"n":1}' }],
        finishReason: 'tool_calls',
      });
      expect(completion.toolCalls).toHaveLength(1);
      expect(received).toHaveLength(1);
    }
  });

  it('is refused without a request where the model must think', async () => {
    const error = await failure(ask({ model: cardOf('kimi-k3'), webSearch: true }));
    expect(error.code).toBe('MODEL_CAPABILITY');
    expect(received).toHaveLength(0);
  });
});

it('says that a provider is unavailable when nobody listens', async () => {
  const error = await failure(ask({}, { baseUrl: 'http://127.0.0.1:1/v1' }));
  expect(error.code).toBe('PROVIDER_UNAVAILABLE');
});

it('answers many requests at once', async () => {
  answers = [
    (response, request) => {
      const [message] = request.body['messages'] as { content: string }[];
      whole(message?.content ?? '')(response, request);
    },
  ];
  const contents = Array.from({ length: 150 }, (_, index) => `question ${index}`);
  const completions = await Promise.all(
    contents.map((content) => ask({ messages: [{ role: 'user', content }] })),
  );
  expect(completions.map(({ content }) => content)).toEqual(contents);
});

it('tells the headers of an answer if asked to, and no other ones', async () => {
  const headers = { 'x-ratelimit-limit': '7', 'set-cookie': 'a=b', 'x-request-id': 'r-1' };
  for (const streamed of [false, true]) {
    const sent = streamed ? events(delta({ content: 'Hi.' }, 'stop'), DONE) : whole('Hi.');
    answers = [
      (response, request) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        sent(response, request);
      },
    ];
    expect(await ask({ streamed })).not.toHaveProperty('headers');
    const completion = await ask({ streamed, captureHeaders: true });
    expect(completion.headers).toMatchObject({ 'x-ratelimit-limit': '7', 'x-request-id': 'r-1' });
    expect(completion.headers).not.toHaveProperty('set-cookie');
  }
});

describe('what goes out', () => {
  it('is nothing but our own headers, whatever the environment of the package says', async () => {
    const custom = {
      OPENAI_CUSTOM_HEADERS: `Authorization: Bearer stolen\nX-Spy: 1\nX-Request-Id: theirs\nContent-Type: text/x`,
      OPENAI_ORG_ID: 'org-1',
      OPENAI_PROJECT_ID: 'project-1',
      OPENAI_ADMIN_KEY: 'sk-admin',
      OPENAI_API_KEY: 'sk-other',
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
    };
    const before = { ...process.env };
    Object.assign(process.env, custom);
    try {
      answers = [whole('Hi.')];
      await ask();
      answers = [json({ data: [] })];
      await clientFor(cardOf('kimi-k2.6')).listRemoteModels(new AbortController().signal);
    } finally {
      process.env = before;
    }
    const own = ['accept', 'authorization', 'user-agent'];
    const transport = ['accept-encoding', 'accept-language', 'connection', 'host', 'sec-fetch-mode'];
    const [asked, listed] = received.map(({ headers }) => headers);
    expect(Object.keys(asked ?? {}).sort()).toEqual(
      [...own, ...transport, 'content-length', 'content-type', 'x-request-id'].sort(),
    );
    expect(Object.keys(listed ?? {}).sort()).toEqual([...own, ...transport].sort());
    expect(asked).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'x-request-id': 'correlation-1',
    });
    expect(listed).toMatchObject({ authorization: `Bearer ${KEY}` });
  });

  it.each([
    ['bearer', { authorization: `Bearer ${KEY}` }],
    ['api-key', { 'api-key': KEY }],
    ['x-api-key', { 'x-api-key': KEY }],
  ] as const)('has the key as %s, and the headers and query of the provider', async (auth, expected) => {
    const model = cardOf('kimi-k2.6');
    const kimi = catalogue.providers.find(({ id }) => id === 'kimi');
    if (!kimi) throw new Error('no provider');
    const provider = {
      ...kimi,
      auth,
      headers: { 'X-Title': 'exai' },
      query: { 'api-version': '2026-01-01' },
    };
    const client = new OpenAiChatClient({
      provider,
      apiKey: KEY,
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 5_000 },
      maxInflight: 8,
      fetch: outbound.fetch,
    });
    answers = [whole('Hi.')];
    const request = {
      model,
      messages: [{ role: 'user', content: 'x' }] as const,
      correlationId: 'c',
      streamed: false,
    };
    await client.complete(request, new AbortController().signal);
    const { headers, url } = received[0] ?? {};
    expect(headers).toMatchObject({ ...expected, 'x-title': 'exai' });
    const keys = ['authorization', 'api-key', 'x-api-key'].filter((name) => headers?.[name] !== undefined);
    expect(keys).toEqual(Object.keys(expected));
    expect(url).toBe('/v1/chat/completions?api-version=2026-01-01');
    expect(new URL(client.preview(request).url).search).toBe('?api-version=2026-01-01');
    expect(JSON.stringify(client.preview(request))).not.toContain(KEY);
  });

  it('never reaches the host a vendor points to', async () => {
    let elsewhere = 0;
    const other = createServer((_request, response) => {
      elsewhere += 1;
      response.end();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1/chat/completions`;
    for (const status of [301, 302, 303, 307, 308]) {
      answers = [json('', { location }, status)];
      received = [];
      const error = await failure(ask());
      expect([error.code, error.details.upstreamStatus]).toEqual(['PROVIDER_BAD_RESPONSE', status]);
    }
    other.close();
    expect(elsewhere).toBe(0);
  });
});

describe('tools', () => {
  const tools = [{ name: 'add', description: 'Adds.', parameters: { type: 'object' } }];
  const call = { id: 'call-1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
  const read = { id: 'call-1', name: 'add', arguments: '{"a":1}' };

  it('go out with the choice, and their calls come back beside an empty answer', async () => {
    answers = [whole('', 'tool_calls', { tool_calls: [call] })];
    const deltas: CompletionDelta[] = [];
    const completion = await ask(
      { tools, toolChoice: { name: 'add' } },
      { onDelta: (delta) => deltas.push(delta) },
    );
    expect(received[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: tools[0] }],
      tool_choice: { type: 'function', function: { name: 'add' } },
    });
    expect(completion).toMatchObject({ content: '', toolCalls: [read], finishReason: 'tool_calls' });
    expect(deltas).toEqual([{ type: 'tool_call', value: JSON.stringify(read) }]);
  });

  it('have their calls told when each is complete, in order with the text', async () => {
    const piece = (index: number, fields: object): object => delta({ tool_calls: [{ index, ...fields }] });
    answers = [
      events(
        delta({ reasoning_content: 'Hm.' }),
        delta({ content: 'I add.' }),
        piece(0, { ...call, function: { name: 'add', arguments: '{"a"' } }),
        piece(0, { function: { arguments: ':1}' } }),
        piece(1, { id: 'call-2', function: { name: 'add', arguments: '{}' } }),
        delta({}, 'stop'),
        DONE,
      ),
    ];
    const deltas: CompletionDelta[] = [];
    const completion = await ask({ tools, streamed: true }, { onDelta: (delta) => deltas.push(delta) });
    expect(deltas).toEqual([
      { type: 'reasoning', value: 'Hm.' },
      { type: 'text', value: 'I add.' },
      { type: 'tool_call', value: JSON.stringify(read) },
      { type: 'tool_call', value: JSON.stringify({ id: 'call-2', name: 'add', arguments: '{}' }) },
    ]);
    expect(completion.finishReason).toBe('tool_calls');
    expect(completion.toolCalls).toHaveLength(2);
  });

  it.each([
    ['without tools', {}],
    ['that forbids them', { tools, toolChoice: 'none' as const }],
  ])('called for a request %s make the answer a bad one', async (_which, extra) => {
    answers = [whole('Text.', 'tool_calls', { tool_calls: [call] })];
    const deltas: CompletionDelta[] = [];
    const error = await failure(ask(extra, { onDelta: (delta) => deltas.push(delta) }));
    expect([error.code, error.details.reason]).toEqual([
      'PROVIDER_BAD_RESPONSE',
      'the answer calls a tool that nobody offered',
    ]);
    expect(deltas.map(({ type }) => type)).not.toContain('tool_call');
  });
});

describe('what is known beside the answer', () => {
  it('is the tightest limit, the sources and the time of the first piece', async () => {
    answers = [
      (response) => {
        response.writeHead(200, {
          'content-type': 'text/event-stream',
          'x-ratelimit-limit': '10',
          'x-ratelimit-remaining': '3',
          'x-ratelimit-reset': '2',
        });
        response.write(': wait\n\n');
        setTimeout(() => {
          const found = { web_search: [{ title: 'A', link: 'https://a.example/' }] };
          response.end(
            `data: ${JSON.stringify({ ...delta({ content: 'x' }, 'stop'), ...found })}\n\n${DONE}`,
          );
        }, 60);
      },
    ];
    const completion = await ask({ streamed: true });
    expect(completion.rateLimit).toEqual({ limit: 10, remaining: 3, resetMs: 2_000 });
    expect(completion.sources).toEqual([{ title: 'A', url: 'https://a.example/' }]);
    expect(completion.usage).toEqual({ input: 2, output: 1, total: 3, estimated: true });
    expect(completion.firstTokenMs).toBeGreaterThanOrEqual(50);
    expect(completion.firstTokenMs).toBeLessThanOrEqual(completion.latencyMs);
  });

  it('is how long to wait where only the limits say it', async () => {
    answers = [
      json({}, { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '7s' }, 429),
    ];
    const error = await failure(ask());
    expect([error.code, error.details.retryAfterMs]).toEqual(['PROVIDER_RATE_LIMITED', 7_000]);
  });
});

describe('a limit of time', () => {
  const hang: Answer = () => undefined;
  const silent: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(delta({ content: 'half' }))}\n\n`);
    const timer = setInterval(() => response.write(`: hm\n\ndata: ${JSON.stringify(delta({}))}\n\n`), 20);
    response.on('close', () => clearInterval(timer));
  };

  it.each<[string, Answer, Partial<ClientTimeouts>, boolean]>([
    ['first_byte', hang, { firstByteMs: 200 }, true],
    ['idle', silent, { idleMs: 200 }, true],
    ['total', hang, { totalMs: 200, firstByteMs: 100 }, false],
    ['total', silent, { totalMs: 200 }, true],
  ])('of the stage %s ends the request and its connection', async (stage, answer, timeouts, streamed) => {
    answers = [answer];
    const startedAt = performance.now();
    const error = await failure(ask({ streamed }, { timeouts }));
    expect([error.code, error.details['stage']]).toEqual(['PROVIDER_TIMEOUT', stage]);
    await expect.poll(() => received[0]?.socket.destroyed, { interval: 10 }).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_200);
  });

  it('of the stage connect too', async () => {
    const { port, close } = await listenSilently();
    const quick = openOutbound({ allowPrivate: true, connectTimeoutMs: 200 });
    const before = outbound;
    outbound = quick;
    const error = await failure(ask({}, { baseUrl: `https://127.0.0.1:${port}/v1` }));
    outbound = before;
    await quick.close();
    close();
    expect([error.code, error.details['stage']]).toEqual(['PROVIDER_TIMEOUT', 'connect']);
  });

  it('does not end a stream that thinks or writes a call', async () => {
    answers = [
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const pieces = [
          ...Array.from({ length: 4 }, () => delta({ reasoning_content: 'hm ' })),
          ...Array.from({ length: 4 }, () =>
            delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: ' ' } }] }),
          ),
          delta({}, 'tool_calls'),
        ];
        const timer = setInterval(() => {
          const piece = pieces.shift();
          if (piece) return void response.write(`data: ${JSON.stringify(piece)}\n\n`);
          clearInterval(timer);
          response.end(DONE);
        }, 100);
      },
    ];
    const completion = await ask(
      { streamed: true, tools: [{ name: 'f', parameters: {} }] },
      { timeouts: { idleMs: 400 } },
    );
    expect(completion.reasoning).toBe('hm hm hm hm ');
    expect(completion.toolCalls).toHaveLength(1);
  });
});

it('ends a connection in the making when its caller gives up', async () => {
  const { port, sockets, close } = await listenSilently();
  const caller = new AbortController();
  const pending = failure(ask({}, { baseUrl: `https://127.0.0.1:${port}/v1`, signal: caller.signal }));
  await expect.poll(() => sockets.size).toBe(1);
  caller.abort();
  expect((await pending).code).toBe('CANCELLED');
  await expect.poll(() => sockets.size, { interval: 10, timeout: 1_000 }).toBe(0);
  close();
});

it('keeps memory bounded over an answer that unpacks to a hundred times its size', async () => {
  const part = gzipSync(Buffer.alloc(1024 * 1024, 'x'));
  const bomb = Buffer.concat(Array.from({ length: 200 }, () => part));
  answers = [
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bomb);
    },
  ];
  expect((await failure(ask())).code).toBe('OUTPUT_TOO_LARGE');
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  for (let round = 0; round < 3; round += 1) {
    expect((await failure(ask())).code).toBe('OUTPUT_TOO_LARGE');
  }
  clearInterval(timer);
  expect(most - before).toBeLessThan(64 * 1024 * 1024);
});

/** Accepts and then says nothing, so that no TLS connection comes about. */
async function listenSilently(): Promise<{ port: number; sockets: Set<Socket>; close: () => void }> {
  const sockets = new Set<Socket>();
  const silent = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  return { port: (silent.address() as AddressInfo).port, sockets, close: () => void silent.close() };
}
