import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestLogEntry } from './request-log.js';
import { startSimulator, type Simulator } from './server.js';

let simulator: Simulator;
let root: string;
let openai: OpenAI;
const finished: RequestLogEntry[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ requestLog: (entry) => finished.push(entry) });
  root = simulator.baseUrl.replace(/\/v1$/, '');
  openai = new OpenAI({ baseURL: simulator.baseUrl, apiKey: 'test-key', maxRetries: 0 });
});

afterAll(() => simulator.close());

interface Chat {
  readonly content: string;
  readonly model?: string;
  readonly path?: string;
  readonly requestId?: string;
  readonly body?: object;
}

function chat({ content, model = 'simulator-1', path, requestId = randomUUID(), body }: Chat) {
  return fetch(root + (path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: JSON.stringify({ model, max_tokens: 1000, messages: [{ role: 'user', content }], ...body }),
  });
}

async function textOf(response: Response): Promise<string> {
  const body = (await response.json()) as {
    choices?: { message: { content: string } }[];
    content?: { text: string }[];
  };
  return body.choices?.[0]?.message.content ?? body.content?.[0]?.text ?? '';
}

async function logOf(requestId: string): Promise<RequestLogEntry[]> {
  const response = await fetch(`${root}/__requests`);
  return ((await response.json()) as RequestLogEntry[]).filter((entry) => entry.requestId === requestId);
}

const control = (body: object) => fetch(`${root}/__control`, { method: 'POST', body: JSON.stringify(body) });

describe('the openai client', () => {
  const ask = { model: 'simulator-1', messages: [{ role: 'user' as const, content: 'What is a mutex?' }] };

  it('gets a labelled, deterministic answer that quotes the question and tells how to set a key', async () => {
    const first = await openai.chat.completions.create(ask);
    const second = await openai.chat.completions.create(ask);
    const text = first.choices[0]?.message.content ?? '';
    expect(text).toMatch(/^\[simulation\] /);
    expect(text).toContain('What is a mutex?');
    expect(text).toMatch(/KIMI_API_KEY or GLM_API_KEY/);
    expect(second.choices[0]?.message.content).toBe(text);
    expect(first.choices[0]?.finish_reason).toBe('stop');
    expect(first.usage?.total_tokens).toBe(
      (first.usage?.prompt_tokens ?? 0) + (first.usage?.completion_tokens ?? 0),
    );
    expect(first.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
  });

  it('streams the same text in several pieces, with usage when asked', async () => {
    const whole = await openai.chat.completions.create(ask);
    const stream = await openai.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const pieces = chunks.flatMap((chunk) => chunk.choices[0]?.delta.content || []);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join('')).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(chunks.at(-1)?.usage).toEqual(whole.usage);
  });

  it.each(['kimi-k2.6', 'moonshot-v1-8k', 'glm-4.7'])('streams usage for %s unasked', async (model) => {
    const stream = await openai.chat.completions.create({ ...ask, model, stream: true });
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) usage = chunk.usage;
    expect(usage?.completion_tokens).toBeGreaterThan(10);
  });

  it('reports earlier turns', async () => {
    const completion = await openai.chat.completions.create({
      model: 'simulator-1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
      ],
    });
    expect(completion.choices[0]?.message.content).toContain('Earlier turns seen: 2.');
  });

  it('gets reasoning when thinking is on, and a cut answer at max_tokens', async () => {
    const completion = await openai.chat.completions.create({
      ...ask,
      reasoning_effort: 'high',
      max_completion_tokens: 5,
    });
    const [choice] = completion.choices;
    expect(choice?.message).toHaveProperty('reasoning_content', expect.stringMatching(/^\[simulation\]/));
    expect(choice?.finish_reason).toBe('length');
    expect(completion.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(5);
  });

  it('is asked for a tool call, then answered', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'lookup', parameters: {} } }];
    const question = { role: 'user' as const, content: 'Find it. [[sim: tool-calls]]' };
    const base = { model: 'simulator-1', tools };
    const plain = await openai.chat.completions.create({ ...base, messages: [question] });
    const message = plain.choices[0]?.message;
    expect(plain.choices[0]?.finish_reason).toBe('tool_calls');
    const runner = openai.chat.completions.stream({ ...base, messages: [question] });
    expect((await runner.finalMessage()).tool_calls).toMatchObject([
      { function: { name: 'lookup', arguments: expect.stringContaining('Find it.') as string } },
    ]);
    const answer = await openai.chat.completions.create({
      ...base,
      messages: [question, message!, { role: 'tool', tool_call_id: 'call_sim_1', content: '42' }],
    });
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  it.each([
    ['401', OpenAI.AuthenticationError, 'invalid_api_key'],
    ['403', OpenAI.PermissionDeniedError, 'permission_denied'],
    ['404-model', OpenAI.NotFoundError, 'model_not_found'],
    ['400-context', OpenAI.BadRequestError, 'context_length_exceeded'],
    ['429(2)', OpenAI.RateLimitError, 'rate_limit_exceeded'],
    ['500', OpenAI.InternalServerError, null],
    ['glm-error(1113)', OpenAI.RateLimitError, '1113'],
  ])('reads %s as its own error', async (script, errorClass, code) => {
    const model = `simulator-1@${script}`;
    for (const stream of [false, true]) {
      const error: unknown = await openai.chat.completions
        .create({ ...ask, model, stream })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(errorClass);
      expect(error).toHaveProperty('code', code);
    }
  });

  it('lists the model', async () => {
    expect((await openai.models.list()).data.map((model) => model.id)).toEqual(['simulator-1']);
  });
});

describe('the messages API', () => {
  const path = '/v1/messages';

  it('answers in the Anthropic shape', async () => {
    const response = await chat({ content: 'Hello', path, body: { thinking: { type: 'enabled' } } });
    expect(await response.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'thinking' },
        { type: 'text', text: expect.stringMatching(/^\[simulation\]/) as string },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, output_tokens: expect.any(Number) as number },
    });
  });

  it('streams its event types in order', async () => {
    const response = await chat({
      content: 'Hello [[sim: answer(one two three four)]]',
      path,
      body: { stream: true },
    });
    const text = await response.text();
    expect(text.match(/^event: .*$/gm)).toEqual(
      [
        'message_start',
        'ping',
        'content_block_start',
        'content_block_delta',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ].map((type) => `event: ${type}`),
    );
    expect(text).toContain('"text":"one two three "');
    expect(text).toContain('"stop_reason":"end_turn"');
  });

  it('uses a tool, then answers its result', async () => {
    const tools = [{ name: 'lookup', input_schema: {} }];
    const content = 'Go [[sim: tool-calls]]';
    const first = await chat({ content, path, body: { tools } });
    expect(await first.json()).toMatchObject({
      content: [{ type: 'tool_use', name: 'lookup' }],
      stop_reason: 'tool_use',
    });
    const messages = [
      { role: 'user', content },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_sim_1', name: 'lookup', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_sim_1', content: '42' }] },
    ];
    const second = await chat({ content, path, body: { tools, messages } });
    expect(await second.json()).toMatchObject({ stop_reason: 'end_turn' });
  });

  it.each([
    ['401', 401, 'authentication_error'],
    ['404-model', 404, 'not_found_error'],
    ['429', 429, 'rate_limit_error'],
    ['500', 500, 'api_error'],
    ['529', 529, 'overloaded_error'],
  ])('reports %s in the Anthropic shape', async (script, status, type) => {
    const response = await chat({ content: `[[sim: ${script}]]`, path });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type } });
  });
});

describe('choosing the behaviour', () => {
  it.each(['/chat/completions', '/api/paas/v4/chat/completions', '/messages', '/api/anthropic/v1/messages'])(
    'accepts the path %s',
    async (path) => {
      expect(await textOf(await chat({ content: 'Hi', path }))).toMatch(/^\[simulation\]/);
    },
  );

  it.each(['/v1/models', '/models', '/api/paas/v4/models'])('lists models at %s', async (path) => {
    expect(await (await fetch(root + path)).json()).toMatchObject({ data: [{ id: 'simulator-1' }] });
  });

  it('counts attempts per request id', async () => {
    const content = 'Hi [[sim: fail-first(500, 2), latency(0)]]';
    const calls = [randomUUID(), randomUUID()].map(async (requestId) => {
      const statuses = [];
      for (let attempt = 0; attempt < 4; attempt++) {
        statuses.push((await chat({ content, requestId })).status);
      }
      expect((await logOf(requestId)).map((entry) => entry.attempt)).toEqual([1, 2, 3, 4]);
      return statuses;
    });
    expect(await Promise.all(calls)).toEqual([
      [500, 500, 200, 200],
      [500, 500, 200, 200],
    ]);
  });

  it('takes queued behaviours in order, for one model if asked', async () => {
    const model = `queued-${randomUUID()}`;
    expect(
      (await control({ script: ['500 x2', 'answer(queued), latency(0)'], forModel: model })).status,
    ).toBe(200);
    expect((await chat({ content: 'Hi' })).status).toBe(200);
    expect((await chat({ content: 'Hi [[sim: 503]]', model })).status).toBe(503);
    expect((await chat({ content: 'Hi', model })).status).toBe(500);
    expect((await chat({ content: 'Hi', model })).status).toBe(500);
    expect(await textOf(await chat({ content: 'Hi', model }))).toBe('queued');
    expect(await textOf(await chat({ content: 'Hi', model }))).toMatch(/^\[simulation\]/);
    await control({ script: ['500'] });
    expect((await chat({ content: 'Hi', model: 'simulator-1@401' })).status).toBe(500);
    expect((await chat({ content: 'Hi', model: 'simulator-1@401' })).status).toBe(401);
    await control({ script: ['500'] });
    await fetch(`${root}/__control`, { method: 'DELETE' });
    expect((await chat({ content: 'Hi' })).status).toBe(200);
  });

  it.each([
    ['Hello [[sim: echo]] world', 'Hello  world'],
    ['[[sim: answer(exact (text), yes)]]', 'exact (text), yes'],
    ['[[sim: answer("a ]] b ) \\n")]]', 'a ]] b ) \n'],
  ])('answers %s exactly', async (content, expected) => {
    expect(await textOf(await chat({ content }))).toBe(expected);
  });

  it('writes answers of the wanted length', async () => {
    for (const tokens of [1, 50, 3000]) {
      const body = { max_tokens: 5000 };
      const text = await textOf(await chat({ content: `Hi [[sim: tokens(${tokens})]]`, body }));
      expect(text.split(' ')).toHaveLength(tokens);
    }
  });

  it('waits as long as asked, before and between', async () => {
    const started = performance.now();
    await (await chat({ content: '[[sim: latency(150)]]' })).text();
    const plain = performance.now();
    expect(plain - started).toBeGreaterThanOrEqual(145);
    const content = '[[sim: latency(0), delay(20), answer(a b c d e f g h i j k l)]]';
    await (await chat({ content, body: { stream: true } })).text();
    expect(performance.now() - plain).toBeGreaterThanOrEqual(75);
  });

  it.each([
    ['an unknown behaviour', { content: '[[sim: nonsense]]' }, 'invalid_script'],
    ['a broken directive', { content: '[[sim: 500' }, 'invalid_script'],
    ['no messages', { content: '', body: { messages: [] } }, 'invalid_request'],
  ])('refuses %s', async (_what, request, code) => {
    const response = await chat(request);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it('refuses bad bodies, scripts, paths and methods', async () => {
    const post = { method: 'POST', body: '{' };
    expect((await fetch(`${root}/v1/chat/completions`, post)).status).toBe(400);
    expect((await fetch(`${root}/__control`, post)).status).toBe(400);
    expect((await control({ script: ['nonsense'] })).status).toBe(400);
    expect((await fetch(`${root}/v1/embeddings`, post)).status).toBe(404);
    expect((await fetch(`${root}/v1/messages`)).status).toBe(405);
  });
});

describe('the request log', () => {
  it('records what was asked and what became of it, never the credential', async () => {
    const requestId = randomUUID();
    await openai.chat.completions.create(
      { model: 'simulator-1', messages: [{ role: 'user', content: 'Hi' }] },
      { headers: { 'x-request-id': requestId, 'idempotency-key': 'key-1' } },
    );
    const [entry] = await logOf(requestId);
    expect(entry).toMatchObject({
      path: '/v1/chat/completions',
      model: 'simulator-1',
      idempotencyKey: 'key-1',
      authHash: createHash('sha256').update('Bearer test-key').digest('hex').slice(0, 8),
      stream: false,
      aborted: false,
      status: 200,
      behaviour: 'ok',
      finishedAt: expect.any(Number) as number,
    });
    expect(entry?.bytesOut).toBeGreaterThan(300);
    expect(JSON.stringify(entry)).not.toContain('test-key');
    expect(finished.some((other) => other.requestId === requestId)).toBe(true);
    const since = await fetch(`${root}/__requests?since=${entry?.seq}`);
    expect(await since.json()).toEqual([]);
  });

  it.each(['hang-accept', 'hang-headers', 'hang-mid-stream', 'slowloris', 'ok-long(60)', 'latency(60000)'])(
    'notices a client that leaves during %s',
    async (script) => {
      for (const stream of [false, true]) {
        const requestId = randomUUID();
        const controller = new AbortController();
        const request = fetch(`${simulator.baseUrl}/chat/completions`, {
          method: 'POST',
          headers: { 'x-request-id': requestId },
          body: JSON.stringify({
            model: 'simulator-1',
            stream,
            messages: [{ role: 'user', content: `[[sim: ${script}]]` }],
          }),
          signal: controller.signal,
        }).then((response) => response.text());
        await wait(100);
        controller.abort();
        await expect(request).rejects.toThrow();
        await expect
          .poll(async () => (await logOf(requestId))[0], { timeout: 1000 })
          .toMatchObject({ aborted: true, finishedAt: expect.any(Number) as number });
      }
    },
  );

  it('can be cleared', async () => {
    await chat({ content: 'Hi' });
    expect((await fetch(`${root}/__requests`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${root}/__requests`)).json()).toEqual([]);
  });
});

describe('running it', () => {
  it('is healthy and names each request', async () => {
    expect((await fetch(`${root}/health`)).status).toBe(200);
    expect((await chat({ content: 'Hi', requestId: 'mine' })).headers.get('x-request-id')).toBe('mine');
    const anonymous = await fetch(`${root}/v1/messages`, { method: 'POST', body: '{}' });
    expect(anonymous.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers 300 calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const content = `Call ${index} [[sim: echo, latency(50)]]`;
        return textOf(await chat({ content, body: { stream: false } }));
      }),
    );
    expect(answers).toEqual(answers.map((_, index) => `Call ${index}`));
  });

  it('closes within a second whatever is under way, twice without harm', async () => {
    const entries: RequestLogEntry[] = [];
    const other = await startSimulator({ requestLog: (entry) => entries.push(entry) });
    const scripts = ['hang-accept', 'hang-headers', 'hang-mid-stream', 'slowloris', 'ok-long(60)'];
    const calls = scripts.map((script) =>
      fetch(`${other.baseUrl}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: `m@${script}`, messages: [{ role: 'user', content: 'Hi' }] }),
      }).then((response) => response.text()),
    );
    const settled = Promise.allSettled(calls);
    await wait(200);
    const started = performance.now();
    await Promise.all([other.close(), other.close()]);
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await settled).every((result) => result.status === 'rejected')).toBe(true);
    expect(entries.map((entry) => entry.aborted)).toEqual(scripts.map(() => false));
  });

  it('rejects when the port is taken', async () => {
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow('EADDRINUSE');
  });
});
