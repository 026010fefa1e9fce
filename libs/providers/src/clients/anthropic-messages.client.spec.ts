import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCardSchema, type ModelCard } from '../catalogue/model-card.js';
import { type ClientSettings, type ProviderDescriptor, providerSchema } from '../define.js';
import { anthropic } from '../descriptors/anthropic.provider.js';
import type { Completion, CompletionDelta, CompletionRequest } from '../model-client.js';
import { openOutbound, type Outbound } from '../outbound/outbound.js';
import { AnthropicMessagesClient } from './anthropic-messages.client.js';

const KEY = 'sk-ant-secret-key-of-this-test';
const provider = providerSchema.parse(anthropic);

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  readonly socket: Socket;
}

type Answer = (response: ServerResponse, request: Received) => void;

let server: Server;
let outbound: Outbound;
let received: Received[];
let answer: Answer;

beforeEach(async () => {
  received = [];
  outbound = openOutbound({ allowPrivate: true });
  server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const request = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
        socket: incoming.socket,
      };
      received.push(request);
      answer(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await outbound.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function cardOf(id: string): ModelCard {
  const entry = provider.models.find((model) => model.id === id);
  if (!entry) throw new Error(`no model ${id}`);
  return modelCardSchema.parse(entry);
}

function baseUrl(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientWith(settings: Partial<ClientSettings> = {}): AnthropicMessagesClient {
  return new AnthropicMessagesClient({
    provider,
    apiKey: KEY,
    baseUrl: baseUrl(),
    timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000 },
    maxInflight: 8,
    fetch: outbound.fetch,
    ...settings,
  });
}

function requestWith(extra: Partial<CompletionRequest> = {}): CompletionRequest {
  const messages = [{ role: 'user', content: 'hello' }] as const;
  return { model: cardOf('claude-haiku-4-5'), messages, correlationId: 'correlation-1', ...extra };
}

function ask(extra: Partial<CompletionRequest> = {}, client = clientWith()): Promise<Completion> {
  return client.complete(requestWith(extra), new AbortController().signal);
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

const USAGE = { input_tokens: 10, output_tokens: 5 };

function message(content: object[], stopReason: string | null = 'end_turn', usage: object = USAGE): object {
  return { type: 'message', id: 'msg_1', role: 'assistant', content, stop_reason: stopReason, usage };
}

function text(value: string): object {
  return { type: 'text', text: value };
}

function refusal(type: string, words: string, status: number, details?: object): Answer {
  return json({ type: 'error', error: { type, message: words, details }, request_id: 'req_9' }, {}, status);
}

function events(...list: object[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_1' });
    for (const event of list) {
      response.write(`event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  };
}

function startOf(usage: object = { input_tokens: 10, output_tokens: 1 }): object {
  return { type: 'message_start', message: message([], null, usage) };
}

function block(index: number, content: object, ...deltas: object[]): object[] {
  return [
    { type: 'content_block_start', index, content_block: content },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function textBlock(index: number, ...pieces: string[]): object[] {
  return block(index, text(''), ...pieces.map((piece) => ({ type: 'text_delta', text: piece })));
}

function endOf(stopReason = 'end_turn', usage: object = { output_tokens: 5 }): object[] {
  return [
    { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}

describe('the request', () => {
  beforeEach(() => {
    answer = events(startOf(), ...textBlock(0, 'Hi.'), ...endOf());
  });

  it('is one, with key, version and correlation id in headers of ours alone', async () => {
    await ask();
    expect(received).toHaveLength(1);
    const [{ method, url, headers }] = received as [Received];
    expect([method, url]).toEqual(['POST', '/v1/messages']);
    expect(headers).toMatchObject({
      'x-api-key': KEY,
      'anthropic-version': '2023-06-01',
      'x-request-id': 'correlation-1',
      'content-type': 'application/json',
    });
    expect(headers).not.toHaveProperty('authorization');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-stainless'))).toEqual([]);
  });

  it('is what the preview says, to the address it says', async () => {
    const client = clientWith({ baseUrl: `${baseUrl()}/v1/` });
    const extra = { thinkingMode: 'high', messages: [{ role: 'system', content: 'Be brief.' }] } as const;
    const preview = client.preview(requestWith(extra));
    await ask(extra, client);
    expect(preview).toEqual({
      method: 'POST',
      url: `${baseUrl()}${received[0]?.url ?? ''}`,
      body: received[0]?.body,
    });
  });

  it.each([
    ['bearer', { authorization: `Bearer ${KEY}` }],
    ['api-key', { 'api-key': KEY }],
  ] as const)('carries the key as %s where the vendor wants it so', async (auth, expected) => {
    await ask({}, clientWith({ provider: { ...provider, auth } }));
    expect(received[0]?.headers).toMatchObject(expected);
    expect(received[0]?.headers).not.toHaveProperty('x-api-key');
  });

  it('carries headers and query of the provider, and no key to an endpoint that takes none', async () => {
    const own: ProviderDescriptor = {
      ...provider,
      headers: { 'Anthropic-Version': '2026-10-21', 'X-Title': 'exai' },
      query: { tenant: 'a b' },
    };
    const client = clientWith({ provider: own, apiKey: '', baseUrl: `${baseUrl()}/anthropic` });
    await ask({}, client);
    expect(received[0]?.url).toBe('/anthropic/v1/messages?tenant=a%20b');
    expect(received[0]?.headers).toMatchObject({ 'anthropic-version': '2026-10-21', 'x-title': 'exai' });
    expect(received[0]?.headers).not.toHaveProperty('x-api-key');
    expect(received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('takes nothing from the environment', async () => {
    const log = vi.spyOn(console, 'debug').mockReturnValue();
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-of-the-environment');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-of-the-environment');
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:1');
    vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'x-api-key: stolen\nx-evil: 1\nanthropic-version: 1999-01-01');
    vi.stubEnv('ANTHROPIC_LOG', 'debug');
    vi.stubEnv('ANTHROPIC_PROFILE', 'nobody');
    await ask({}, clientWith());
    await ask({}, clientWith({ apiKey: '' }));
    const [withKey, withoutKey] = received as [Received, Received];
    expect(withKey.headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' });
    expect(withoutKey.headers).not.toHaveProperty('x-api-key');
    for (const { headers } of received) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('x-evil');
      expect(JSON.stringify(headers)).not.toMatch(/environment|stolen/);
    }
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
  });

  it('does not fetch a token that the environment describes', async () => {
    vi.stubEnv('ANTHROPIC_ORGANIZATION_ID', 'organization');
    vi.stubEnv('ANTHROPIC_FEDERATION_RULE_ID', 'rule');
    vi.stubEnv('ANTHROPIC_IDENTITY_TOKEN', 'token-of-the-environment');
    await ask();
    await ask({}, clientWith({ apiKey: '' }));
    expect(received.map(({ url }) => url)).toEqual(['/v1/messages', '/v1/messages']);
  });
});

describe('a whole answer', () => {
  it('keeps text, thinking and calls apart, and counts what came from the cache as input', async () => {
    answer = json(
      message(
        [
          { type: 'thinking', thinking: 'Hm.', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          text('Hi.'),
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 1 } },
        ],
        'tool_use',
        {
          input_tokens: 10,
          cache_read_input_tokens: 4,
          cache_creation_input_tokens: 3,
          output_tokens: 5,
          output_tokens_details: { thinking_tokens: 2 },
        },
      ),
      {
        'request-id': 'req_7',
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
      },
    );
    const tools = [{ name: 'look', parameters: {} }];
    const { latencyMs, firstTokenMs, ...completion } = await ask({ streamed: false, tools });
    expect(completion).toEqual({
      content: 'Hi.',
      reasoning: 'Hm.',
      toolCalls: [{ id: 'toolu_1', name: 'look', arguments: '{"at":1}' }],
      usage: { input: 17, output: 5, total: 22, cached: 4, reasoning: 2 },
      model: 'claude-haiku-4-5',
      provider: 'anthropic',
      finishReason: 'tool_calls',
      upstreamRequestId: 'req_7',
      rateLimit: { limit: 50, remaining: 49 },
    });
    expect(latencyMs).toBeGreaterThanOrEqual(firstTokenMs ?? Infinity);
    expect(received[0]?.body).not.toHaveProperty('stream');
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['pause_turn', 'other'],
    ['constructor', 'other'],
  ])('that ends with %s is said to end with %s', async (reason, expected) => {
    answer = json(message([text('Hi.')], reason));
    expect((await ask({ streamed: false })).finishReason).toBe(expected);
  });

  it('is handed over once, and has the id of its body when no header has one', async () => {
    answer = json(message([text('a'), text('b')]));
    const deltas: CompletionDelta[] = [];
    const model = { ...cardOf('claude-haiku-4-5'), streaming: false };
    const request = requestWith({ model });
    const completion = await clientWith().complete(request, new AbortController().signal, (delta) =>
      deltas.push(delta),
    );
    expect(deltas).toEqual([
      { type: 'text', value: 'a' },
      { type: 'text', value: 'b' },
    ]);
    expect(completion).toMatchObject({ content: 'ab', upstreamRequestId: 'msg_1' });
  });

  it('has its tokens estimated where the vendor counted none or nonsense', async () => {
    answer = json(`{"content":[{"type":"text","text":"12345678"}],"stop_reason":"end_turn",
      "usage":{"input_tokens":1e999,"output_tokens":1}}`);
    expect((await ask({ streamed: false })).usage).toEqual({
      input: 2,
      output: 2,
      total: 4,
      estimated: true,
    });
  });

  it('lists the pages a search has found, and keeps the texts around it apart', async () => {
    const found = { type: 'web_search_result', title: 'A', url: 'https://a.example', encrypted_content: '-' };
    const cited = {
      type: 'web_search_result_location',
      title: 'B',
      url: 'https://b.example',
      cited_text: '-',
    };
    answer = json(
      message([
        text('I look.'),
        { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', tool_use_id: 's1', content: [found] },
        {
          type: 'web_search_tool_result',
          content: { type: 'web_search_tool_result_error', error_code: 'unavailable' },
        },
        text('Found '),
        { type: 'text', text: 'it.', citations: [cited] },
      ]),
    );
    expect(await ask({ streamed: false })).toMatchObject({
      content: 'I look.\n\nFound it.',
      sources: [
        { title: 'A', url: 'https://a.example' },
        { title: 'B', url: 'https://b.example' },
      ],
    });
  });

  it.each([
    ['broken JSON', json('{"content": [{'), 'the answer is not valid JSON'],
    ['an empty body', json(''), 'the answer is not valid JSON'],
    ['another kind of JSON', json('[1, 2]'), 'the answer has another shape'],
    ['null', json('null'), 'the answer has another shape'],
    ['no stop reason', json(message([text('Hi.')], null)), 'the answer has no stop reason'],
    ['no text', json(message([])), 'the answer is empty (stop reason end_turn)'],
    ['blank text', json(message([text(' \n')])), 'the answer is empty (stop reason end_turn)'],
    [
      'thinking alone',
      json(message([{ type: 'thinking', thinking: 'Hm.' }], 'max_tokens')),
      'the output limit was used up before any answer text',
    ],
    [
      'a call of a tool that nobody offered',
      json(message([text('x'), { type: 'tool_use', id: 't', name: 'x', input: {} }], 'tool_use')),
      'the answer calls a tool that nobody offered',
    ],
    [
      'another content type',
      json('<html>', { 'content-type': 'text/html' }),
      'content type text/html in place of json',
    ],
  ])('of %s is a bad response', async (_what, bad, reason) => {
    answer = bad;
    const error = await failure(ask({ streamed: false }));
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_BAD_RESPONSE', reason]);
    expect(error.details).toMatchObject({ provider: 'anthropic', model: 'claude-haiku-4-5' });
    expect(received).toHaveLength(1);
  });

  it('that is refused is said to be so', async () => {
    answer = json(message([], 'refusal'));
    expect((await failure(ask({ streamed: false }))).code).toBe('CONTENT_FILTERED');
  });
});

describe('a streamed answer', () => {
  async function stream(
    list: Answer,
    extra: Partial<CompletionRequest> = {},
  ): Promise<{ completion: Completion; deltas: CompletionDelta[] }> {
    answer = list;
    const deltas: CompletionDelta[] = [];
    const completion = await clientWith().complete(
      requestWith(extra),
      new AbortController().signal,
      (delta) => deltas.push(delta),
    );
    return { completion, deltas };
  }

  it('arrives piece by piece, each piece as what it is', async () => {
    const call = { id: 'toolu_1', name: 'look', arguments: '{"at": 1}' };
    const { completion, deltas } = await stream(
      events(
        startOf({ input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 1 }),
        { type: 'ping' },
        ...block(
          0,
          { type: 'thinking', thinking: '' },
          { type: 'thinking_delta', thinking: 'Let me ' },
          { type: 'thinking_delta', thinking: 'think.' },
          { type: 'signature_delta', signature: 's' },
        ),
        ...textBlock(1, 'Hello ', 'world.'),
        ...block(
          2,
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
          { type: 'input_json_delta', partial_json: '' },
          { type: 'input_json_delta', partial_json: '{"at"' },
          { type: 'input_json_delta', partial_json: ': 1}' },
        ),
        { type: 'an_event_of_tomorrow' },
        ...endOf('tool_use', { output_tokens: 9, output_tokens_details: { thinking_tokens: 3 } }),
      ),
      { tools: [{ name: 'look', parameters: {} }] },
    );
    expect(deltas).toEqual([
      { type: 'reasoning', value: 'Let me ' },
      { type: 'reasoning', value: 'think.' },
      { type: 'text', value: 'Hello ' },
      { type: 'text', value: 'world.' },
      { type: 'tool_call', value: JSON.stringify(call) },
    ]);
    expect(completion).toMatchObject({
      content: 'Hello world.',
      reasoning: 'Let me think.',
      toolCalls: [call],
      usage: { input: 14, output: 9, total: 23, cached: 4, reasoning: 3 },
      finishReason: 'tool_calls',
      upstreamRequestId: 'req_1',
    });
    expect(completion.firstTokenMs).toBeLessThanOrEqual(completion.latencyMs);
    expect(received[0]?.body).toMatchObject({ stream: true });
  });

  it('lists the pages it cites and has found', async () => {
    const { completion } = await stream(
      events(
        startOf(),
        ...block(0, {
          type: 'web_search_tool_result',
          content: [{ type: 'web_search_result', title: 'A', url: 'https://a.example' }],
        }),
        ...block(
          1,
          text(''),
          { type: 'citations_delta', citation: { title: 'B', url: 'https://b.example' } },
          { type: 'text_delta', text: 'Found.' },
        ),
        ...endOf(),
      ),
    );
    expect(completion.sources).toEqual([
      { title: 'A', url: 'https://a.example' },
      { title: 'B', url: 'https://b.example' },
    ]);
  });

  it('loses NUL, and nothing else', async () => {
    const { completion, deltas } = await stream(
      events(startOf(), ...textBlock(0, 'a\0b', '\0', 'ü🙂'), ...endOf()),
    );
    expect(completion.content).toBe('abü🙂');
    expect(deltas.map(({ value }) => value).join('')).toBe('abü🙂');
  });

  it('does not wait for a connection that stays open after its end', async () => {
    const startedAt = performance.now();
    await stream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of [startOf(), ...textBlock(0, 'x'), ...endOf()]) {
        response.write(`data: ${JSON.stringify(event)}\n\n`);
      }
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });

  const half = [startOf(), ...textBlock(0, 'half')];

  it.each([
    ['no end', events(...half), 'the stream ended before the answer was complete'],
    [
      'no stop reason',
      events(...half, { type: 'message_stop' }),
      'the stream ended before the answer was complete',
    ],
    ['nothing at all', events(), 'the stream ended before the answer was complete'],
    ['no text', events(startOf(), ...endOf()), 'the answer is empty (stop reason end_turn)'],
    ['two beginnings', events(startOf(), ...half, ...endOf()), 'the stream began twice'],
    [
      'a part that is there twice',
      events(...half, ...textBlock(0, 'half'), ...endOf()),
      'a part of the answer began twice',
    ],
    [
      'an end that is there twice',
      events(...half, endOf()[0] ?? {}, ...endOf()),
      'the end of the answer came twice',
    ],
    [
      'a part after its end',
      events(...half, endOf()[0] ?? {}, ...textBlock(1, 'more'), ...endOf()),
      'the answer went on after its end',
    ],
    [
      'a piece of nothing',
      events(startOf(), { type: 'content_block_delta', index: 3, delta: { text: 'x' } }),
      'a piece belongs to no part of the answer',
    ],
    [
      'a whole answer in its place',
      json(message([text('Hi.')])),
      'content type application/json in place of event-stream',
    ],
  ])('with %s is a bad response', async (_what, list, reason) => {
    const error = await failure(stream(list));
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_BAD_RESPONSE', reason]);
  });

  it.each([
    ['overloaded_error', 'PROVIDER_UNAVAILABLE'],
    ['rate_limit_error', 'PROVIDER_RATE_LIMITED'],
    ['an_error_of_tomorrow', 'PROVIDER_BAD_RESPONSE'],
  ])('with %s in its middle is that error', async (type, code) => {
    const error = await failure(
      stream(events(...half, { type: 'error', error: { type, message: 'no' }, request_id: 'req_5' })),
    );
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({ reason: 'no', upstreamRequestId: 'req_5' });
  });

  it('that sends nothing but pings is given up', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('event: ping\ndata: {"type": "ping"}\n\n'), 20);
      response.on('close', () => clearInterval(timer));
    };
    const client = clientWith({ timeouts: { firstByteMs: 5_000, idleMs: 200, totalMs: 10_000 } });
    const error = await failure(ask({}, client));
    expect([error.code, error.details['stage']]).toEqual(['PROVIDER_TIMEOUT', 'idle']);
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });
});

describe('a refusal', () => {
  it.each([
    ['invalid_request_error', 400, 'messages: field required', 'PROVIDER_REJECTED'],
    ['invalid_request_error', 400, 'prompt is too long: 210000 tokens > 200000 maximum', 'CONTEXT_TOO_LARGE'],
    ['invalid_request_error', 400, 'input length and `max_tokens` exceed context limit', 'CONTEXT_TOO_LARGE'],
    ['invalid_request_error', 400, 'Your credit balance is too low', 'PROVIDER_QUOTA'],
    ['invalid_request_error', 400, 'You have reached your specified API usage limits', 'PROVIDER_QUOTA'],
    ['authentication_error', 401, 'invalid x-api-key', 'PROVIDER_AUTH'],
    ['billing_error', 402, 'payment', 'PROVIDER_QUOTA'],
    ['permission_error', 403, 'not allowed', 'PROVIDER_AUTH'],
    ['not_found_error', 404, 'model: claude-x', 'MODEL_NOT_FOUND'],
    ['request_too_large', 413, 'too large', 'CONTEXT_TOO_LARGE'],
    ['invalid_request_error', 413, 'too large', 'CONTEXT_TOO_LARGE'],
    ['rate_limit_error', 429, 'too many requests', 'PROVIDER_RATE_LIMITED'],
    ['api_error', 500, 'oops', 'PROVIDER_UNAVAILABLE'],
    ['timeout_error', 504, 'took too long', 'PROVIDER_TIMEOUT'],
    ['overloaded_error', 529, 'overloaded', 'PROVIDER_UNAVAILABLE'],
  ])('%s of status %i, "%s", is %s', async (type, status, words, code) => {
    answer = refusal(type, words, status);
    const error = await failure(ask());
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({
      provider: 'anthropic',
      upstreamStatus: status,
      upstreamRequestId: 'req_9',
    });
    expect(received).toHaveLength(1);
  });

  it('names the spending limit that was reached in its details', async () => {
    answer = refusal('rate_limit_error', 'limit', 429, { error_code: 'enforced_spend_limit_reached' });
    expect((await failure(ask())).code).toBe('PROVIDER_QUOTA');
  });

  it('keeps how long to wait, and loses the key', async () => {
    answer = json(
      { type: 'error', error: { type: 'rate_limit_error', message: `limit of ${KEY} reached` } },
      { 'retry-after': '2', 'request-id': 'req_2', 'x-should-retry': 'true' },
      429,
    );
    const error = await failure(ask());
    expect(error.details).toMatchObject({
      retryAfterMs: 2_000,
      upstreamRequestId: 'req_2',
      reason: 'limit of [redacted] reached',
    });
    expect(received).toHaveLength(1);
  });

  it('may come with status 200', async () => {
    answer = json({ type: 'error', error: { type: 'overloaded_error', message: 'no' } });
    expect((await failure(ask({ streamed: false }))).code).toBe('PROVIDER_UNAVAILABLE');
  });

  it('of a vendor with errors of another form is read as well', async () => {
    answer = json({ error: { message: 'maximum context length is 8192 tokens' } }, {}, 400);
    expect((await failure(ask())).code).toBe('CONTEXT_TOO_LARGE');
  });

  it('is classified the same outside of a request', () => {
    const raw = { status: 529, error: { type: 'error', error: { type: 'overloaded_error', message: 'no' } } };
    expect(clientWith().classifyError(raw).code).toBe('PROVIDER_UNAVAILABLE');
  });
});

describe('the list of models', () => {
  it('is one request, and keeps what the vendor says about each', async () => {
    answer = json({
      data: [
        {
          id: 'claude-opus-5-5',
          max_input_tokens: 1_000_000,
          max_tokens: 128_000,
          capabilities: { image_input: { supported: true } },
        },
        { id: 'plain', max_input_tokens: null, capabilities: 'many' },
        { id: 'not an id' },
        'nothing',
      ],
      has_more: true,
    });
    const list = await clientWith().listRemoteModels(new AbortController().signal);
    expect(list).toEqual([
      { id: 'claude-opus-5-5', contextWindow: 1_000_000, maxOutputTokens: 128_000, images: true },
      { id: 'plain' },
    ]);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'GET',
      url: '/v1/models?limit=1000',
      headers: { 'x-api-key': KEY },
    });
  });

  it('is a classified error where it is none', async () => {
    answer = refusal('authentication_error', 'no', 401);
    const list = (): Promise<unknown> => clientWith().listRemoteModels(new AbortController().signal);
    expect((await failure(list())).code).toBe('PROVIDER_AUTH');
    answer = json({ data: 'none' });
    const error = await failure(list());
    expect([error.code, error.details.reason]).toEqual([
      'PROVIDER_BAD_RESPONSE',
      'the list of models has another shape',
    ]);
  });

  it('is given up with its caller', async () => {
    answer = () => undefined;
    const caller = new AbortController();
    const pending = failure(clientWith().listRemoteModels(caller.signal));
    await expect.poll(() => received.length).toBe(1);
    caller.abort();
    expect((await pending).code).toBe('CANCELLED');
    await expect.poll(() => received[0]?.socket.destroyed).toBe(true);
  });
});
