import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { type RequestLogEntry } from '../harness/simulator.js';

const KIMI_KEY = 'kimi-key-that-nobody-may-see';
const GLM_KEY = 'glm-key-that-nobody-may-see';

type Payload = Readonly<Record<string, unknown>>;

/** Tools that speak to one vendor: gateway, worker and client are real, the simulator stands for Kimi and GLM. */
let rig: Rig;
let client: McpClient;

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('there is no queue to run on');
  rig = await Rig.open(backend, {
    env: ({ baseUrl }) => ({
      TOOL_PROFILE: 'full',
      KIMI_API_KEY: KIMI_KEY,
      KIMI_BASE_URL: baseUrl,
      GLM_API_KEY: GLM_KEY,
      GLM_BASE_URL: baseUrl,
      EXAI_DAILY_BUDGET_USD: '100',
    }),
  });
  client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
});

afterEach(() => rig.simulator.resetControl());

afterAll(async () => {
  await client.close();
  await rig.close();
});

interface Answer {
  readonly payload: Payload;
  readonly metadata: Payload;
  /** What was sent for the call, in order. */
  readonly requests: readonly RequestLogEntry[];
}

interface Failure {
  readonly error: Payload;
  readonly requests: readonly RequestLogEntry[];
}

const call = (name: string, args: object) => client.callTool(name, { ...args });

/** Searches too, which are no chats. */
async function everyRequest(): Promise<readonly RequestLogEntry[]> {
  const response = await fetch(`${new URL(rig.simulator.baseUrl).origin}/__requests?all`);
  return (await response.json()) as RequestLogEntry[];
}

/** A call's correlation id is the request id of everything that is sent for it. */
async function requestsOf({ structuredContent }: ToolResult): Promise<readonly RequestLogEntry[]> {
  const { metadata, error } = structuredContent as { metadata?: Payload; error?: Payload };
  const id = metadata?.['correlation_id'] ?? error?.['correlationId'];
  return (await everyRequest()).filter(({ requestId }) => requestId === id);
}

/** Cancels a call once its request hangs at the vendor; resolves when the vendor sees it given up. */
async function cancelHanging(name: string, args: object): Promise<void> {
  const before = (await everyRequest()).at(-1)?.seq ?? 0;
  const abort = new AbortController();
  const pending = client
    .callTool(name, { ...args }, { signal: abort.signal })
    .catch((error: unknown) => error);
  const hanging = async () =>
    (await everyRequest()).find(({ seq, behaviour }) => seq > before && behaviour === 'hang-headers');
  await eventually(hanging, 'the request arrives');
  abort.abort();
  await pending;
  await eventually(async () => (await hanging())?.aborted, 'the request is given up');
}

async function answer(name: string, args: object): Promise<Answer> {
  const result = await call(name, args);
  const payload: Payload = result.structuredContent ?? {};
  expect(result.isError ?? false, JSON.stringify(payload)).toBe(false);
  return { payload, metadata: payload['metadata'] as Payload, requests: await requestsOf(result) };
}

async function failure(name: string, args: object): Promise<Failure> {
  const result = await call(name, args);
  expect(result.isError, JSON.stringify(result.structuredContent)).toBe(true);
  return { error: result.structuredContent?.['error'] as Payload, requests: await requestsOf(result) };
}

/** US dollars of the day, once nothing is reserved any more. */
async function settled(): Promise<number> {
  const database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
  try {
    return await eventually(async () => {
      const { rows } = await database.query<{ spent: number; reserved: number }>(
        'SELECT sum(spent)::float8 AS spent, sum(reserved)::float8 AS reserved FROM cost_days',
      );
      return rows[0]?.reserved === 0 ? rows[0].spent : undefined;
    }, 'all calls are settled');
  } finally {
    await database.end();
  }
}

describe('kimi_chat_with_tools', () => {
  const NAME = 'kimi_chat_with_tools';
  const find = {
    type: 'function',
    function: {
      name: 'find',
      description: 'Finds a bird.',
      parameters: { type: 'object', properties: { query: { type: 'string' } } },
    },
  };
  const contentOf = ({ payload }: Answer) => JSON.parse(String(payload['content'])) as Payload;

  it('answers a text with the default model of Kimi', async () => {
    const said = await answer(NAME, { messages: '[[sim: answer("A heron."), cached(3)]] Which bird is it?' });
    const content = contentOf(said);
    expect(content).toMatchObject({
      provider: 'kimi',
      model: 'kimi-k2.6',
      content: 'A heron.',
      tool_calls: [],
      finish_reason: 'stop',
      cache: { cached_tokens: 3 },
    });
    expect(content['usage']).toMatchObject({ prompt_tokens: expect.any(Number) as number });
    expect(said.payload).toMatchObject({
      status: 'success',
      content_type: 'json',
      tool_calls: [],
      finish_reason: 'stop',
    });
    expect(said.payload).not.toHaveProperty('continuation_id');
    expect(said.metadata).toMatchObject({
      tool_name: NAME,
      model_used: 'kimi-k2.6',
      provider_used: 'kimi',
      cost_usd: expect.any(Number) as number,
      usage: { cached_tokens: 3 },
    });
    expect(said.metadata).not.toHaveProperty('warnings');
    expect(said.requests).toHaveLength(1);
  });

  it('hands the calls of the model to the caller, and takes their results back', async () => {
    const question = { role: 'user', content: '[[sim: tool-calls(2), answer("At the pond.")]] Where is it?' };
    const asked = await answer(NAME, { messages: [question], tools: [find], tool_choice: 'auto' });
    const { tool_calls, finish_reason, content } = contentOf(asked) as {
      tool_calls: { id: string; type: string; function: { name: string; arguments: string } }[];
      finish_reason: string;
      content: string;
    };
    expect([finish_reason, content]).toEqual(['tool_calls', '']);
    expect(tool_calls.map(({ type, function: { name } }) => [type, name])).toEqual([
      ['function', 'find'],
      ['function', 'find'],
    ]);
    expect(asked.payload['tool_calls']).toEqual(tool_calls);
    const results = tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'seen' }));
    const done = await answer(NAME, {
      messages: [question, { role: 'assistant', content: null, tool_calls }, ...results],
      tools: [find],
    });
    expect(contentOf(done)).toMatchObject({ content: 'At the pond.', finish_reason: 'stop', tool_calls: [] });
  });

  it('streams an answer as progress', async () => {
    const messages: string[] = [];
    const result = await client.callTool(
      NAME,
      { messages: '[[sim: answer("one two three four five six"), delay(30)]] Count.', stream: true },
      { onprogress: ({ message }) => messages.push(message ?? '') },
    );
    expect(result.isError ?? false).toBe(false);
    expect(messages.join('\n')).toContain('one two');
  });

  it('lets Kimi search the web, with its thinking switched off', async () => {
    const prompt = '[[sim: searches(2), answer("Found it.")]] What is new?';
    for (const wish of [{ use_websearch: true }, { tools: '$web_search' }, { tools: ['$web_search'] }]) {
      const said = await answer(NAME, { messages: prompt, model: 'kimi-k2.6', ...wish });
      expect(contentOf(said)).toMatchObject({ content: 'Found it.', tool_calls: [] });
      // Three that were taken: the vendor refuses to search while the model thinks.
      expect(said.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
  });

  it('gives up a search that does not end', async () => {
    const { error, requests } = await failure(NAME, {
      messages: '[[sim: searches(99)]] What is new?',
      use_websearch: true,
    });
    expect(error['code']).toBe('PROVIDER_BAD_RESPONSE');
    // Nine requests in each of the two attempts that a bad response gets.
    expect(requests).toHaveLength(18);
  });

  it('searches beside functions, and hands over the calls of the functions alone', async () => {
    const question = {
      role: 'user',
      content: '[[sim: tool-calls-and-search, answer("Both done.")]] What is new at the pond?',
    };
    const args = { tools: [find, '$web_search'] };
    const asked = await answer(NAME, { ...args, messages: [question] });
    const tool_calls = asked.payload['tool_calls'] as { id: string; function: { name: string } }[];
    expect(tool_calls.map((one) => one.function.name)).toEqual(['find']);
    expect(asked.requests).toHaveLength(1);
    const done = await answer(NAME, {
      ...args,
      messages: [
        question,
        { role: 'assistant', content: '', tool_calls },
        { role: 'tool', tool_call_id: tool_calls[0]?.id, content: 'a heron' },
      ],
    });
    expect(contentOf(done)).toMatchObject({ content: 'Both done.', tool_calls: [] });
    expect(done.requests).toHaveLength(2);
  });

  it('refuses a web search by a model that always thinks, before any request', async () => {
    for (const wish of [{ use_websearch: true }, { tools: ['$web_search'] }]) {
      const { error, requests } = await failure(NAME, { messages: 'News?', model: 'kimi-k3', ...wish });
      expect(error['code']).toBe('MODEL_CAPABILITY');
      expect(String(error['hint'])).toContain('kimi-k2.6');
      expect(String(error['hint'])).not.toContain('glm-');
      expect(requests).toHaveLength(0);
    }
  });

  it('refuses a model of another vendor, and names some of Kimi', async () => {
    const { error, requests } = await failure(NAME, { messages: 'Hello', model: 'glm-4.6' });
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const [issue] = (error['details'] as { issues: { pointer: string; expected: string }[] }).issues;
    expect(issue?.pointer).toBe('/model');
    expect(issue?.expected).toMatch(/^a model of kimi, such as kimi-.*; glm-4\.6 is one of glm$/);
    expect(requests).toHaveLength(0);
    expect((await failure(NAME, { messages: 'Hello', model: 'kimi-k9' })).error['code']).toBe(
      'MODEL_NOT_FOUND',
    );
  });

  it('refuses messages that no vendor would take, and a choice of no tool', async () => {
    const orphan = [
      { role: 'user', content: 'x' },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    const { error } = await failure(NAME, { messages: orphan });
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ pointer: '/messages/1/tool_call_id' }] },
    });
    const choice = { type: 'function', function: { name: 'see' } };
    expect((await failure(NAME, { messages: 'x', tools: [find], tool_choice: choice })).error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ pointer: '/tool_choice/function/name' }] },
    });
  });

  it('tells that a temperature the model does not take is not used, and only if it was asked for', async () => {
    const said = await answer(NAME, { messages: 'Hello', temperature: 0.1 });
    expect(said.metadata['warnings']).toEqual([expect.stringContaining('temperature not used') as string]);
    const taken = await answer(NAME, { messages: 'Hello', temperature: 0.1, model: 'moonshot-v1-8k' });
    expect(taken.metadata).not.toHaveProperty('warnings');
  });

  it('is retried after a rate limit', async () => {
    const said = await answer(NAME, { messages: '[[sim: 429-seconds(1), ok, answer("At last.")]] Hello' });
    expect(contentOf(said)['content']).toBe('At last.');
    expect(said.requests.map(({ status }) => status)).toEqual([429, 200]);
  });

  it('ends its request when it is cancelled', async () => {
    await cancelHanging(NAME, { messages: '[[sim: hang-headers]] Hello' });
  });
});

describe('kimi_capture_headers', () => {
  it('shows limits and ids of one whole answer, and nothing secret', async () => {
    const { payload, requests } = await answer('kimi_capture_headers', {
      messages: '[[sim: rate-limit(100, 60), cached(2)]] Hello',
    });
    expect(payload).toMatchObject({
      model: 'kimi-k2.6',
      headers: {
        date: expect.any(String) as string,
        'x-ratelimit-limit': '100',
        'x-ratelimit-remaining': '99',
      },
      rate_limit: { limit: 100, remaining: 99 },
      cache: { cached_tokens: 2 },
    });
    expect(JSON.parse(String(payload['content']))).toMatchObject({ headers: payload['headers'] });
    expect(Object.keys(payload['headers'] as object)).not.toContain('content-type');
    expect(JSON.stringify(payload)).not.toContain(KIMI_KEY);
    expect(requests.map(({ stream }) => stream)).toEqual([false]);
  });
});

describe('kimi_intent_analysis', () => {
  const analysis = {
    needs_websearch: true,
    complexity: 'simple',
    domain: 'birds',
    recommended_provider: 'kimi',
    recommended_model: 'kimi-k2.6',
    streaming_preferred: false,
    reason: 'News.',
  };
  const always = (text: string) => rig.simulator.control({ always: `answer(${JSON.stringify(text)})` });

  it('tells what the prompt needs', async () => {
    always(JSON.stringify(analysis));
    const { payload } = await answer('kimi_intent_analysis', { prompt: 'Which herons were seen today?' });
    expect(payload).toMatchObject({ parsed: true, analysis, recommended_model_usable: true });
    expect(JSON.parse(String(payload['content']))).toEqual(analysis);
  });

  it('hands on what is no analysis, with a warning', async () => {
    always('It is about birds.');
    const { payload, metadata } = await answer('kimi_intent_analysis', { prompt: 'Which herons?' });
    expect(payload).toMatchObject({ parsed: false, content: 'It is about birds.', content_type: 'text' });
    expect(metadata['warnings']).toHaveLength(1);
  });
});

describe('glm_web_search', () => {
  const NAME = 'glm_web_search';
  const scripted = (script: string) => rig.simulator.control({ always: script, forModel: '/web_search' });

  it('finds pages, and tells what the search cost', async () => {
    const { payload, metadata, requests } = await answer(NAME, { search_query: 'herons', count: 2 });
    expect(payload['results']).toEqual([
      expect.objectContaining({
        title: 'Simulated result 1',
        url: expect.stringMatching(/^https:/) as string,
      }),
      expect.objectContaining({ title: 'Simulated result 2', date: '2026-01-01', site: 'simulator' }),
    ]);
    expect(payload['content']).toMatch(/^Pages found on the web\..*\n\n1\. Simulated result 1\n {3}<https:/);
    expect(metadata).toMatchObject({ provider_used: 'glm', cost_usd: 0.01 });
    expect(requests).toMatchObject([
      { method: 'POST', path: expect.stringMatching(/\/web_search$/) as string },
    ]);
    expect(JSON.stringify(payload)).not.toContain(GLM_KEY);
  });

  it('is paid for: in the account of the day, in the report of the call, and within its limit', async () => {
    const before = await settled();
    const result = await call(NAME, { search_query: 'herons' });
    const report = await readCall(rig.gateway, rig.token(), String(result._meta?.['io.exai/callId']));
    expect(report).toMatchObject({ state: 'COMPLETED', costUsd: 0.01, provider: 'glm' });
    expect((await settled()) - before).toBeCloseTo(0.01, 8);

    const poor = await connect('v1', 'http', rig.gateway, rig.token({ claims: { max_cost_usd: 0.001 } }));
    const refused = await poor.callTool(NAME, { search_query: 'herons' });
    await poor.close();
    expect(refused.structuredContent?.['error']).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(await requestsOf(refused)).toHaveLength(0);
    expect((await settled()) - before).toBeCloseTo(0.01, 8);
  });

  it('is retried when the vendor is busy', async () => {
    scripted('glm-error(1302, 429), ok');
    const { requests } = await answer(NAME, { search_query: 'herons' });
    expect(requests.map(({ status }) => status)).toEqual([429, 200]);
  });

  it.each([
    { search_query: ' ' },
    { search_query: 'x', count: 51 },
    { search_query: 'x', search_recency_filter: 'never' },
    { search_query: 'x', search_engine: 'a b' },
  ])('refuses %j', async (args) => {
    expect((await failure(NAME, args)).error['code']).toBe('INVALID_ARGUMENT');
  });

  it('ends its request when it is cancelled', async () => {
    scripted('hang-headers');
    await cancelHanging(NAME, { search_query: 'herons' });
  });

  // Last: from then on the provider is not asked any more.
  it('says what the vendor says of its account, without another attempt', async () => {
    scripted('glm-error(1113, 429)');
    const { error, requests } = await failure(NAME, { search_query: 'herons' });
    expect(error).toMatchObject({ code: 'PROVIDER_QUOTA', provider: 'glm' });
    expect(requests).toHaveLength(1);
    rig.simulator.resetControl();
    const again = await failure(NAME, { search_query: 'herons' });
    expect([again.error['code'], again.requests.length]).toEqual(['PROVIDER_QUOTA', 0]);
  });
});
