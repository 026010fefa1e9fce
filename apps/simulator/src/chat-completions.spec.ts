import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from './server.js';

let simulator: Simulator;
let openai: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  openai = clientFor('chat-key');
});

afterAll(() => simulator.close());

function clientFor(apiKey: string): OpenAI {
  return new OpenAI({ baseURL: simulator.baseUrl, apiKey, maxRetries: 0 });
}

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** Fields that only some vendors know. */
function asking(content: string, more: Record<string, unknown> = {}): Params {
  return { model: 'simulator-1', messages: [{ role: 'user', content }], ...more };
}

const streamed = async (params: Params): Promise<OpenAI.ChatCompletionChunk[]> => {
  const chunks = [];
  for await (const chunk of await openai.chat.completions.create({ ...params, stream: true }))
    chunks.push(chunk);
  return chunks;
};

describe('the answer', () => {
  it.each(['kimi-k3', 'glm-5.3', 'gpt-5', 'vendor/model:free', 'claude-opus'])(
    'comes under any model name, %s',
    async (model) => {
      expect((await openai.chat.completions.create(asking('Hi', { model }))).model).toBe(model);
    },
  );

  it('streams reasoning before text when thinking is on', async () => {
    const chunks = await streamed(asking('Hi', { thinking: { type: 'enabled' } }));
    const kinds = chunks.flatMap(({ choices: [choice] }) => Object.keys(choice?.delta ?? {}));
    expect(kinds.filter((kind) => kind === 'reasoning_content').length).toBeGreaterThan(2);
    expect(kinds.lastIndexOf('reasoning_content')).toBeLessThan(kinds.indexOf('content', 2));
  });

  it('streams several tool calls in pieces that find together by their index', async () => {
    const tools = ['first', 'second'].map((name) => ({
      type: 'function',
      function: { name, parameters: {} },
    }));
    const params = asking('Find it [[sim: tool-calls(3)]]', { tools });
    const pieces = (await streamed(params)).flatMap(
      ({ choices: [choice] }) => choice?.delta.tool_calls ?? [],
    );
    const joined = [0, 1, 2].map((index) => {
      const own = pieces.filter((piece) => piece.index === index);
      const args = own.map((piece) => piece.function?.arguments ?? '').join('');
      return { id: own[0]?.id, name: own[0]?.function?.name, args: JSON.parse(args) as unknown };
    });
    expect(joined).toEqual(
      ['first', 'second', 'first'].map((name, index) => ({
        id: `call_sim_${index + 1}`,
        name,
        args: { query: 'Find it' },
      })),
    );
    expect(pieces.length).toBeGreaterThan(6);
    const whole = await openai.chat.completions.create(params);
    expect(whole.choices[0]?.message.tool_calls).toMatchObject(joined.map(({ id }) => ({ id })));
  });

  it.each([
    ['simulator-1', { prompt_tokens_details: { cached_tokens: 5 } }],
    ['kimi-k2.6', { cached_tokens: 5 }],
    ['glm-4.7', { prompt_tokens_details: { cached_tokens: 5 } }],
  ])('reports cached tokens as the vendor of %s does', async (model, usage) => {
    const params = asking(`${'long '.repeat(20)}[[sim: cached(5)]]`, { model });
    expect((await openai.chat.completions.create(params)).usage).toMatchObject(usage);
    expect(
      (await openai.chat.completions.create(asking('[[sim: cached(999999)]]', { model }))).usage,
    ).not.toMatchObject(usage);
  });
});

describe('web search', () => {
  const glmTool = { type: 'web_search', web_search: { enable: true, search_result: true, count: 3 } };
  const kimiTool = { type: 'builtin_function', function: { name: '$web_search' } };
  const off = { thinking: { type: 'disabled' } };

  it("puts GLM's results beside the answer, whole and streamed", async () => {
    const params = asking('News?', { model: 'glm-5.3', tools: [glmTool] });
    const found = {
      web_search: [{ refer: 'ref_1', link: expect.stringMatching(/^https:/) as string }, {}, {}],
    };
    expect(await openai.chat.completions.create(params)).toMatchObject(found);
    const chunks = await streamed(params);
    expect(chunks.filter((chunk) => 'web_search' in chunk)).toMatchObject([found]);
    const idle = { ...glmTool, web_search: { enable: false } };
    expect(await openai.chat.completions.create(asking('News?', { tools: [idle] }))).not.toHaveProperty(
      'web_search',
    );
  });

  it.each([
    ['once', '', 1],
    ['as often as it is told', '[[sim: searches(3)]]', 3],
    ['not at all when told so', '[[sim: searches(0)]]', 0],
  ])('lets Kimi search through the client, %s', async (_how, directive, rounds) => {
    const params = asking(`News? ${directive}`, { model: 'kimi-k2.6', tools: [kimiTool], ...off });
    const messages = [...params.messages];
    let seen = 0;
    for (;;) {
      const answer = await openai.chat.completions.create({ ...params, messages });
      const message = answer.choices[0]!.message;
      const [call] = message.tool_calls ?? [];
      if (!call) {
        expect(answer.choices[0]?.finish_reason).toBe('stop');
        expect(answer.usage?.prompt_tokens).toBeGreaterThan(rounds * 1_200);
        break;
      }
      seen += 1;
      expect(call).toMatchObject({ type: 'builtin_function', function: { name: '$web_search' } });
      const { arguments: echoed } = (call as OpenAI.ChatCompletionMessageFunctionToolCall).function;
      messages.push(message, { role: 'tool', tool_call_id: call.id, content: echoed });
    }
    expect(seen).toBe(rounds);
  });

  it('refuses to search for a model of Kimi that thinks, as it does unless told not to', async () => {
    const search = (model: string, more: object = {}) =>
      openai.chat.completions.create(asking('News?', { model, tools: [kimiTool], ...more }));
    await expect(search('kimi-k2.6')).rejects.toThrow('while the model thinks');
    await expect(search('kimi-k2.6', { thinking: { type: 'enabled' } })).rejects.toThrow('400');
    expect((await search('moonshot-v1-8k')).choices).toHaveLength(1);
  });

  it('asks for a search and for functions at once when told so', async () => {
    const find = { type: 'function', function: { name: 'find' } };
    const params = asking('News? [[sim: tool-calls-and-search]]', { model: 'kimi-k2.6', ...off });
    const { choices } = await openai.chat.completions.create({ ...params, tools: [find, kimiTool] as never });
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { type: 'builtin_function', function: { name: '$web_search' } },
      { type: 'function', function: { name: 'find' } },
    ]);
  });

  it('refuses a search that comes back changed', async () => {
    const params = asking('News?', { model: 'kimi-k2.6', tools: [kimiTool], ...off });
    const { message } = (await openai.chat.completions.create(params)).choices[0]!;
    const [call] = message.tool_calls ?? [];
    const changed = { role: 'tool' as const, tool_call_id: call!.id, content: '{}' };
    await expect(
      openai.chat.completions.create({ ...params, messages: [...params.messages, message, changed] }),
    ).rejects.toThrow('is not its arguments');
  });
});

describe('rate limits', () => {
  const limited = 'Hi [[sim: rate-limit(2, 0.4, 100000), latency(0)]]';

  async function headersOf(apiKey: string, model: string): Promise<{ status: number; headers: Headers }> {
    const sent = clientFor(apiKey).chat.completions.create(asking(limited, { model })).asResponse();
    return sent.catch((error: unknown) => error as { status: number; headers: Headers });
  }

  it('count per key, say what is left, refuse, and open again', async () => {
    const first = await headersOf('key-a', 'gpt-5');
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    expect(first.headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+ms$/);
    expect(Number(first.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(100_000);
    await headersOf('key-a', 'gpt-5');
    const third = await headersOf('key-a', 'gpt-5');
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toBe('1');
    expect(third.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect((await headersOf('key-b', 'gpt-5')).status).toBe(200);
    await expect.poll(async () => (await headersOf('key-a', 'gpt-5')).status).toBe(200);
  });

  it("are told in Kimi's words, and not at all by GLM", async () => {
    const { headers } = await headersOf('key-c', 'kimi-k3');
    expect(headers.get('x-ratelimit-limit')).toBe('2');
    expect(headers.get('x-ratelimit-remaining')).toBe('1');
    expect(headers.get('x-ratelimit-reset')).toBe('1');
    const glm = (await headersOf('key-d', 'glm-5')).headers;
    expect([...glm.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
  });

  it('are absent unless a limit is set', async () => {
    const { headers } = await openai.chat.completions.create(asking('Hi')).asResponse();
    expect([...headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
  });
});
