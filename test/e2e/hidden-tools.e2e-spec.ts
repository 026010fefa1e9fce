import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

const SECRET = 'moonshot-key-that-nobody-may-see';

let simulator: WatchedSimulator;
let server: Standalone;
let client: McpClient;
let stranger: McpClient;

beforeAll(async () => {
  simulator = await watchSimulator();
  const env = { ...simulator.env, TOOL_PROFILE: 'full', KIMI_API_KEY: SECRET };
  server = await startStandalone({ env });
  client = await connect('v2-default', 'websocket', server, server.token({ subject: 'owner' }));
  stranger = await connect('v1', 'http', server, server.token({ subject: 'stranger' }));
});

afterAll(async () => {
  await client.close();
  await stranger.close();
  await server.stop();
  await simulator.close();
});

type Payload = Readonly<Record<string, unknown>>;

function payloadOf({ isError, structuredContent = {} }: ToolResult): Payload {
  expect(isError ?? false, JSON.stringify(structuredContent)).toBe(false);
  return structuredContent;
}

async function call(name: string, args: Record<string, unknown> = {}, as = client): Promise<Payload> {
  return payloadOf(await as.callTool(name, args));
}

async function refusal(name: string, args: Record<string, unknown>, as = client): Promise<unknown> {
  const { isError, structuredContent } = await as.callTool(name, args);
  expect(isError).toBe(true);
  return (structuredContent?.['error'] as { code?: unknown } | undefined)?.code;
}

describe('the small tools of profile full', () => {
  it('challenge and apilookup tell the agent what to do', async () => {
    const prompt = 'The cache cannot be stale.';
    expect(await call('challenge', { prompt })).toMatchObject({
      status: 'challenge_accepted',
      original_statement: prompt,
    });
    expect(await call('apilookup', { prompt: 'zod 4' })).toMatchObject({
      status: 'web_lookup_needed',
      user_prompt: 'zod 4',
    });
  });

  it('health and self-check see that everything works', async () => {
    expect(await call('health')).toMatchObject({ healthy: true, storage: { ok: true } });
    const checked = await call('self-check', { log_lines: 0 });
    expect(checked).toMatchObject({ ok: true, last_errors: [] });
    expect(checked['tools_loaded']).toContain('threads');
  });

  it('provider_capabilities tells whether a key is there, and never the key', async () => {
    const report = await call('provider_capabilities');
    const byId = (id: string) => (report['providers'] as Payload[]).find((provider) => provider['id'] === id);
    expect(byId('kimi')).toMatchObject({ state: 'ready', key: 'present', variable: 'KIMI_API_KEY' });
    expect(byId('glm')).toMatchObject({ state: 'no_key', key: 'missing', endpoint: 'api.z.ai' });
    expect(byId('simulator')).toMatchObject({ state: 'ready', key: 'not needed' });
    expect(JSON.stringify(report)).not.toContain(SECRET);
  });
});

describe('glm_payload_preview', () => {
  it('shows the body that the provider builds, without a key and without a request', async () => {
    const before = simulator.stats();
    const preview = await call('glm_payload_preview', {
      prompt: 'What is new?',
      model: 'GLM-4.6',
      system_prompt: 'Be brief.',
      temperature: 0,
      use_websearch: true,
      tools: [{ type: 'function', function: { name: 'find', parameters: { type: 'object' } } }],
      tool_choice: 'required',
      max_output_tokens: 100,
    });
    expect(preview).toMatchObject({
      status: 'success',
      provider: 'glm',
      model: 'glm-4.6',
      method: 'POST',
      url: 'https://api.z.ai/api/paas/v4/chat/completions',
      body: {
        model: 'glm-4.6',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'What is new?' },
        ],
        // What this vendor understands instead of temperature 0 and of a required tool.
        do_sample: false,
        tool_choice: 'auto',
        max_tokens: 100,
        tools: [{ type: 'function', function: { name: 'find' } }, { type: 'web_search' }],
      },
    });
    expect(preview['body']).not.toHaveProperty('temperature');
    expect(simulator.stats()).toEqual(before);
  });

  it('takes a default model, and refuses one of another vendor or nobody', async () => {
    const preview = await call('glm_payload_preview', { prompt: 'Hello' });
    expect(preview).toMatchObject({ provider: 'glm', model: expect.stringMatching(/^glm-/) as string });
    expect(await refusal('glm_payload_preview', { prompt: 'Hello', model: 'kimi-k2.6' })).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await refusal('glm_payload_preview', { prompt: 'Hello', model: 'glm-9000' })).toBe(
      'MODEL_NOT_FOUND',
    );
  });
});

describe('what belongs to one caller', () => {
  it('threads lists, shows and deletes the conversations of the caller, and of nobody else', async () => {
    const asked = await call('chat', { prompt: 'Remember the word heron.', model: 'simulator-1' });
    const continuation_id = asked['continuation_id'] as string;
    const listed = await call('threads');
    expect(listed['threads']).toEqual([
      expect.objectContaining({ continuation_id, tool: 'chat', turns: 2 }) as unknown,
    ]);
    const shown = await call('threads', { operation: 'show', continuation_id });
    expect(shown['thread']).toMatchObject({
      continuation_id,
      messages: [
        { role: 'user', content: 'Remember the word heron.' },
        { role: 'assistant', model: 'simulator-1' },
      ],
    });
    const newest = await call('threads', { operation: 'show', continuation_id, limit: 1 });
    expect(newest['thread']).toMatchObject({ turns: 2, messages: [{ role: 'assistant' }] });

    expect((await call('threads', {}, stranger))['threads']).toEqual([]);
    for (const operation of ['show', 'delete']) {
      expect(await refusal('threads', { operation, continuation_id }, stranger)).toBe('CONVERSATION_EXPIRED');
      expect(await refusal('threads', { operation, continuation_id: 'no-uuid' })).toBe(
        'CONVERSATION_EXPIRED',
      );
      expect(await refusal('threads', { operation })).toBe('INVALID_ARGUMENT');
    }

    expect(await call('threads', { operation: 'delete', continuation_id })).toMatchObject({
      deleted: continuation_id,
    });
    expect((await call('threads'))['threads']).toEqual([]);
    expect(await refusal('threads', { operation: 'delete', continuation_id })).toBe('CONVERSATION_EXPIRED');
    expect(await refusal('chat', { prompt: 'Which word?', continuation_id })).toBe('CONVERSATION_EXPIRED');
  });

  it('toolcall_log_tail and activity show own calls without a word of what was said', async () => {
    const canary = 'canary-of-the-owner';
    const startedAt = new Date().toISOString();
    await call('chat', { prompt: canary, model: 'simulator-1' });
    await refusal('chat', { prompt: canary, model: 'no-such-model' });
    // Inline calls are recorded after their answer.
    await call('version');
    const calls = await eventually(async () => {
      const found = (await call('toolcall_log_tail', { n: 200 }))['calls'] as Payload[];
      return found.some(({ tool }) => tool === 'version') ? found : undefined;
    }, 'the calls are recorded');
    expect(JSON.stringify(calls)).not.toContain(canary);
    expect(calls).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tool: 'chat', state: 'COMPLETED', model: 'simulator-1' }),
        expect.objectContaining({ tool: 'chat', state: 'FAILED', error_code: 'MODEL_NOT_FOUND' }),
      ]),
    );
    const times = calls.map(({ accepted_at }) => accepted_at);
    expect(times).toEqual(times.toSorted().reverse());

    const failed = await call('activity', { filter: 'model_not_found', since: startedAt });
    expect(failed['matched']).toBe(1);
    expect(failed['content']).toContain(' FAILED chat ');
    expect((await call('activity', { until: '2020-01-01T00:00:00Z' }))['looked_at']).toBe(0);

    const foreign = (await call('toolcall_log_tail', { n: 200 }, stranger))['calls'] as Payload[];
    const own = new Set(calls.map(({ call_id }) => call_id));
    expect(foreign.filter(({ call_id }) => own.has(call_id))).toEqual([]);
  });
});
