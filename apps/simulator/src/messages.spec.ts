import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from './server.js';

let simulator: Simulator;
let anthropic: Anthropic;

beforeAll(async () => {
  simulator = await startSimulator();
  anthropic = clientFor({ apiKey: 'messages-key' });
});

afterAll(() => simulator.close());

function clientFor(credentials: { apiKey: string } | { authToken: string }): Anthropic {
  const baseURL = simulator.baseUrl.replace(/\/v1$/, '');
  return new Anthropic({ apiKey: null, authToken: null, ...credentials, baseURL, maxRetries: 0 });
}

function asking(
  content: string,
  more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {},
): Anthropic.MessageCreateParamsNonStreaming {
  return { model: 'claude-opus-4', max_tokens: 1_000, messages: [{ role: 'user', content }], ...more };
}

/** Asked whole and as a stream, which must come to the same. */
async function both(params: Anthropic.MessageCreateParamsNonStreaming): Promise<Anthropic.Message[]> {
  return [await anthropic.messages.create(params), await anthropic.messages.stream(params).finalMessage()];
}

const errorOf = (params: Anthropic.MessageCreateParamsNonStreaming) =>
  anthropic.messages.create(params).then(
    () => undefined,
    (error: unknown) => error as InstanceType<typeof Anthropic.APIError>,
  );

describe("Anthropic's client", () => {
  it('gets thinking and text, whole and streamed', async () => {
    for (const message of await both(asking('Hi', { thinking: { type: 'enabled', budget_tokens: 1_024 } }))) {
      expect(message.content).toMatchObject([
        {
          type: 'thinking',
          signature: 'simulation',
          thinking: expect.stringMatching(/^\[simulation\]/) as string,
        },
        { type: 'text', text: expect.stringMatching(/^\[simulation\]/) as string },
      ]);
      expect(message.stop_reason).toBe('end_turn');
    }
  });

  it('gets several tool calls, whole and streamed', async () => {
    const tools = [{ name: 'lookup', input_schema: { type: 'object' as const } }];
    for (const message of await both(asking('Go [[sim: tool-calls(2)]]', { tools }))) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content).toEqual(
        ['call_sim_1', 'call_sim_2'].map((id) => ({
          type: 'tool_use',
          id,
          name: 'lookup',
          input: { query: 'Go' },
        })),
      );
    }
  });

  it('gets what its own web search found, whole and streamed', async () => {
    const tools = [{ type: 'web_search_20250305' as const, name: 'web_search' as const }];
    for (const message of await both(asking('News?', { tools }))) {
      expect(message.content.map((block) => block.type)).toEqual([
        'server_tool_use',
        'web_search_tool_result',
        'text',
      ]);
      expect(message.usage.server_tool_use?.web_search_requests).toBe(1);
    }
  });

  it('gets cached tokens apart from the others', async () => {
    const prompt = `${'long '.repeat(40)}[[sim: cached(20), cache-written(10)]]`;
    const plain = await anthropic.messages.create(
      asking(prompt.replace('cached(20), cache-written(10)', 'ok')),
    );
    for (const { usage } of await both(asking(prompt))) {
      expect(usage).toMatchObject({ cache_read_input_tokens: 20, cache_creation_input_tokens: 10 });
      expect(usage.input_tokens + 30 - plain.usage.input_tokens).toBeLessThan(10);
    }
  });

  it('gets pings within a long answer', async () => {
    const stream = await anthropic.messages
      .create({ ...asking('Hi [[sim: tokens(300)]]'), stream: true })
      .asResponse();
    expect((await stream.text()).match(/^event: ping$/gm)?.length).toBeGreaterThan(3);
  });

  it.each(['refusal', 'max_tokens'])('gets the stop reason %s', async (reason) => {
    const content = reason === 'refusal' ? '[[sim: content-filter]]' : 'Hi';
    for (const message of await both(asking(content, { max_tokens: 5 })))
      expect(message.stop_reason).toBe(reason);
  });

  it('gets errors with the id of the request, in body and header', async () => {
    const error = await errorOf(asking('[[sim: 529]]'));
    expect(error?.status).toBe(529);
    expect(error?.requestID).toMatch(/^req_sim_\d+$/);
    expect(error?.error).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: expect.any(String) as string },
      request_id: error?.requestID,
    });
    const invalid = await errorOf(asking('Hi', { max_tokens: -1 }));
    expect(invalid?.error).toMatchObject({
      error: { type: 'invalid_request_error' },
      request_id: invalid?.requestID,
    });
    const { response } = await anthropic.messages.create(asking('Hi')).withResponse();
    const entry = simulator.requests().at(-1);
    expect(response.headers.get('request-id')).toBe(`req_sim_${entry?.seq}`);
  });

  it('gets its limits in its own headers, and a refusal when they are used up', async () => {
    const params = asking('[[sim: rate-limit(1, 5, 9000)]]');
    const { response } = await anthropic.messages.create(params).withResponse();
    const header = (name: string) => response.headers.get(`anthropic-ratelimit-${name}`) ?? '';
    expect([header('requests-limit'), header('requests-remaining')]).toEqual(['1', '0']);
    expect(Number(header('tokens-remaining'))).toBeLessThan(9_000);
    const resetIn = Date.parse(header('requests-reset')) - Date.now();
    expect(resetIn).toBeGreaterThan(3_000);
    expect(resetIn).toBeLessThan(5_100);
    const refused = await errorOf(params);
    expect(refused).toBeInstanceOf(Anthropic.RateLimitError);
    expect(Number(refused?.headers?.get('retry-after'))).toBeGreaterThan(3);
  });

  it('may show its key either way', async () => {
    const hashes = [];
    for (const credentials of [{ apiKey: 'sk-x' }, { authToken: 'sk-x' }]) {
      await clientFor(credentials).messages.create(asking('Hi'));
      hashes.push(simulator.requests().at(-1)?.authHash);
    }
    expect(hashes).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), expect.stringMatching(/^[0-9a-f]{8}$/)]);
  });

  it('lists models page by page, finds one, and counts tokens', async () => {
    simulator.control({ models: ['claude-a', { id: 'claude-b', display_name: 'B' }, 'claude-c'] });
    const listed = [];
    for await (const model of anthropic.models.list({ limit: 2 })) listed.push(model);
    expect(listed.map(({ id, type, display_name }) => ({ id, type, display_name }))).toEqual([
      { id: 'claude-a', type: 'model', display_name: 'claude-a' },
      { id: 'claude-b', type: 'model', display_name: 'B' },
      { id: 'claude-c', type: 'model', display_name: 'claude-c' },
    ]);
    expect(await anthropic.models.retrieve('claude-b')).toMatchObject({ id: 'claude-b' });
    await expect(anthropic.models.retrieve('claude-z')).rejects.toThrow(Anthropic.NotFoundError);
    simulator.resetControl();
    const { model, messages } = asking('four characters a token');
    expect(await anthropic.messages.countTokens({ model, messages })).toEqual({ input_tokens: 6 });
  });
});
