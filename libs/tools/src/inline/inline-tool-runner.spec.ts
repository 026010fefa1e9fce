import { describe, expect, it } from 'vitest';
import {
  CallerRecords,
  type CallOutcome,
  type CallRange,
  type CallRecord,
  type RecordOwner,
  type ThreadReport,
  type ThreadSummary,
} from './caller-records.js';
import { TOOLS } from '../definitions/index.js';
import { InlineToolRunner } from './inline-tool-runner.js';
import {
  type CapabilitiesReport,
  type ModelsReport,
  type PayloadReport,
  type PayloadWish,
  type StatusReport,
  SystemView,
  type VersionReport,
} from './system-view.js';
import { ToolCatalog } from '../tool-catalog.js';
import { type ToolCall } from '../tool.js';

const ENDED = '0199c0de-0000-7000-8000-00000000000e';

const OWN_CALLS: readonly CallRecord[] = [
  {
    call_id: 'c2',
    tool: 'chat',
    state: 'FAILED',
    accepted_at: '2026-01-01T00:01:00.000Z',
    duration_ms: 31,
    attempts: 2,
    correlation_id: 'second',
    error_code: 'PROVIDER_TIMEOUT',
  },
  {
    call_id: 'c1',
    tool: 'chat',
    state: 'COMPLETED',
    accepted_at: '2026-01-01T00:00:00.000Z',
    duration_ms: 30,
    attempts: 1,
    correlation_id: 'first',
    provider: 'kimi',
    model: 'kimi-k2.6',
    input_tokens: 5,
    output_tokens: 7,
  },
];

class StillRecords extends CallerRecords {
  readonly summary: ThreadSummary = {
    continuation_id: '3f0c8f0e-5a57-4c3b-9d5f-0c1a0f5f5a01',
    tool: 'chat',
    turns: 2,
    created_at: '2026-01-01T00:00:00.000Z',
    last_activity_at: '2026-01-01T00:00:00.000Z',
    expires_at: '2026-01-02T00:00:00.000Z',
  };
  readonly deleted: string[] = [];

  override async calls({ subject }: RecordOwner, { limit, since }: CallRange): Promise<CallRecord[]> {
    const own = subject === 's' ? OWN_CALLS : [];
    const later = own.filter(({ accepted_at }) => !since || new Date(accepted_at) >= since);
    return Promise.resolve(later.slice(0, limit));
  }

  override async outcome(_owner: RecordOwner, id: string): Promise<CallOutcome> {
    const call = { call_id: id, tool: 'chat', seconds_since_accepted: 7 };
    if (id !== ENDED) return Promise.resolve({ ...call, state: 'RUNNING' });
    const metadata = { tool_name: 'chat', correlation_id: 'of that call', duration_ms: 9 };
    const payload = { status: 'continuation_available', content: 'Because.', metadata };
    return Promise.resolve({ ...call, state: 'COMPLETED', payload });
  }

  override async threads(): Promise<ThreadSummary[]> {
    return Promise.resolve([this.summary]);
  }

  override async thread(): Promise<ThreadReport> {
    const turn = { tool: 'chat', files: [], at: this.summary.created_at };
    return Promise.resolve({
      ...this.summary,
      messages: [
        { ...turn, role: 'user', content: 'Why?' },
        { ...turn, role: 'assistant', content: 'Because.', provider: 'kimi', model: 'kimi-k2.6' },
      ],
    });
  }

  override async deleteThread(_owner: RecordOwner, id: string): Promise<void> {
    this.deleted.push(id);
    return Promise.resolve();
  }
}

class StillSystem extends SystemView {
  override readonly records = new StillRecords();

  override async capabilities(everyProvider: boolean): Promise<CapabilitiesReport> {
    const glm = {
      id: 'glm',
      title: 'Z.ai GLM',
      state: 'no_key',
      key: 'missing',
      variable: 'GLM_API_KEY',
      endpoint: 'api.z.ai',
      files: true,
      model_count: 20,
    } as const;
    const rare = { ...glm, id: 'rare', state: 'ready', key: 'present', files: false } as const;
    return Promise.resolve({
      providers: everyProvider ? [glm, rare] : [glm],
      tool_profile: 'full',
      tools: ['chat', 'status'],
    });
  }

  override async payload({ provider, model = 'first', ...wish }: PayloadWish): Promise<PayloadReport> {
    return Promise.resolve({
      provider,
      model,
      method: 'POST',
      url: 'https://vendor.example',
      body: { wish },
    });
  }

  override async version(client: { name: string; version: string }): Promise<VersionReport> {
    return Promise.resolve({
      name: 'exai-mcp',
      version: '1.2.3',
      node_version: '20.20.2',
      platform: 'linux-x64',
      protocol_versions: ['2026-07-28'],
      client,
      uptime_seconds: 3_725,
      providers_configured: ['kimi'],
      model_count: 2,
      tool_count: 4,
      tool_profile: 'standard',
      storage_driver: 'postgresql (embedded)',
      queue_driver: 'bullmq on postgresql',
    });
  }

  override async models(filter: { provider?: string; includeRetired: boolean }): Promise<ModelsReport> {
    const limits = { context_window: 262_144, max_output_tokens: 32_768 };
    const can = { images: false, tools: true, web_search: true, reasoning: false };
    return Promise.resolve({
      providers: [
        { id: 'kimi', title: 'Moonshot Kimi', state: 'ready', model_count: 1 },
        { id: 'glm', title: 'Z.ai GLM', state: 'no_key', key_variable: 'GLM_API_KEY', model_count: 0 },
      ],
      models: [
        {
          id: filter.provider ?? 'kimi-k2.6',
          provider: 'kimi',
          aliases: ['k2'],
          ...limits,
          ...can,
          price: { input: 0.6, cached_input: 0.1, output: 2.5 },
          circuit: { state: 'half_open', cause: 'PROVIDER_TIMEOUT' },
          status: filter.includeRetired ? 'retired' : 'active',
          usable: true,
        },
      ],
      also_available: ['OPENAI_API_KEY', 'GROQ_API_KEY'],
      summary: { providers_total: 2, providers_ready: 1, models_total: 1, models_usable: 1 },
    });
  }

  override async status(options: {
    includeTools: boolean;
    doctor: boolean;
    maxErrors: number;
  }): Promise<StatusReport> {
    const error = {
      at: '2026-01-01T00:00:00.000Z',
      code: 'PROVIDER_AUTH',
      correlation_id: 'c1',
      tool: 'chat',
    };
    return Promise.resolve({
      providers_configured: ['kimi'],
      providers_health: {
        kimi: {
          state: 'open',
          cause: 'PROVIDER_AUTH',
          last_error: 'The key is refused.',
          success_rate_5m: 0.5,
        },
      },
      models_available: { count: 1, ids: ['kimi-k2.6'] },
      ...(options.includeTools && { tools_loaded: ['chat', 'status'] }),
      last_errors: Array.from({ length: Math.min(options.maxErrors, 1) }, () => error),
      queues: { 'tool-calls': { driver: 'bullmq on postgresql', ok: true, waiting: 3 } },
      storage: { driver: 'postgresql', ok: false },
      next_steps: ['Set GLM_API_KEY.'],
      ...(options.doctor && { checks: [{ name: 'registry', ok: true, detail: '4 of 4 tools' }] }),
    });
  }
}

const catalog = ToolCatalog.build(TOOLS, {
  tools: {
    profile: 'full',
    enabled: [],
    disabled: [],
    simpleTimeoutMs: 1_000,
    workflowTimeoutMs: 1_000,
    expertAnalysis: true,
  },
  limits: {
    maxBodyBytes: 1_000_000,
    maxPromptChars: 60_000,
    maxCallMs: 1_000,
    maxConnections: 10,
    sessionMaxInflight: 10,
    socketMessagesPerSecond: 500,
  },
});
const system = new StillSystem();
const runner = new InlineToolRunner(catalog, system);

async function run(tool: string, args: object = {}) {
  const parsed = catalog.find(tool)?.parse(args);
  const call: ToolCall = {
    id: '0199c0de-0000-7000-8000-000000000001',
    tool,
    args: parsed?.ok ? parsed.args : {},
    principal: { tenant: 't', subject: 's', scopes: [] },
    client: { name: 'inspector', version: '9' },
    sessionId: 'session',
    transport: 'rest',
    correlationId: 'correlation',
    deadline: Date.now() + 1_000,
    createdAt: Date.now(),
  };
  return runner.run(call);
}

describe('inline tools', () => {
  it('version says what runs and who asks', async () => {
    const payload = await run('version');
    expect(payload).toMatchObject({
      status: 'success',
      content_type: 'markdown',
      version: '1.2.3',
      client: { name: 'inspector', version: '9' },
      metadata: { tool_name: 'version', correlation_id: 'correlation' },
    });
    expect(payload.content).toContain('# exai-mcp 1.2.3\n');
    expect(payload.content).toContain('up 1 h 2 min');
  });

  it('listmodels reads for people and for programs', async () => {
    const text = await run('listmodels', { include_retired: true });
    expect(text.content).toContain('## Z.ai GLM (`glm`): no key, set GLM_API_KEY');
    expect(text.content).toContain(
      'context 262.1k; answer 32.8k; tools, web search; $0.6 in, $0.1 cached, $2.5 out',
    );
    expect(text.content).toContain('also: k2; retired; circuit half-open');
    expect(text.content).toContain('Also available: set OPENAI_API_KEY, GROQ_API_KEY.');
    const json = await run('listmodels', { provider: ' KIMI ', format: 'json' });
    expect(json.content_type).toBe('json');
    expect(JSON.parse(json.content ?? '')).toMatchObject({ models: [{ id: 'kimi' }] });
    expect(json['models']).toHaveLength(1);
  });

  it('status shows what is wrong and what to do, in few words', async () => {
    const payload = await run('status', { include_tools: true, doctor: true, tail_lines: 500 });
    for (const line of [
      '## Next steps\n- Set GLM_API_KEY.',
      '- kimi: circuit open after PROVIDER_AUTH, 50 % ok in 5 min, last error: The key is refused.',
      '- chat, status',
      '- storage (postgresql): not working',
      '- queue tool-calls (bullmq on postgresql): ok, 3 waiting',
      '- ok: registry, 4 of 4 tools',
      '- 2026-01-01T00:00:00.000Z PROVIDER_AUTH in chat (c1)',
    ]) {
      expect(payload.content).toContain(line);
    }
    const quiet = await run('status', { tail_lines: 0 });
    expect(quiet.content).not.toContain('Recent errors');
    expect(quiet['checks']).toBeUndefined();
  });

  it('challenge and apilookup hand the statement back with instructions, under a status of their own', async () => {
    const prompt = 'Surely this is thread-safe.';
    const challenged = await run('challenge', { prompt });
    expect(challenged).toMatchObject({ status: 'challenge_accepted', original_statement: prompt });
    expect(challenged['challenge_prompt']).toContain(prompt);
    const lookup = await run('apilookup', { prompt });
    expect(lookup).toMatchObject({ status: 'web_lookup_needed', user_prompt: prompt });
    expect(String(lookup['instructions']).split(/\s+/).length).toBeLessThanOrEqual(300);
  });

  it('health, self-check and provider_capabilities read for people and for programs', async () => {
    const health = await run('health');
    expect(health).toMatchObject({ healthy: false, models: [{ id: 'kimi-k2.6', provider: 'kimi' }] });
    expect(health.content).toContain('- kimi: ready, 1 models, 50 % ok in 5 min');
    expect(health.content).toContain('- storage (postgresql): not working');
    const checked = await run('self-check');
    expect(checked).toMatchObject({ ok: true, checks: [{ name: 'registry', ok: true }] });
    expect(checked.content).toContain('- to do: Set GLM_API_KEY.');
    const setup = await run('provider_capabilities');
    expect(setup.content).toContain(
      '- glm: no key; key missing, set GLM_API_KEY; asks api.z.ai; 20 models; file store',
    );
    expect(setup).toMatchObject({ tools: ['chat', 'status'], tool_profile: 'full' });
    const all = await run('provider_capabilities', { all_providers: true, include_tools: false });
    expect(all['providers']).toHaveLength(2);
    expect(all['tools']).toBeUndefined();
  });

  it('glm_payload_preview asks for the request of one GLM model, with only what the caller said', async () => {
    const parameters = { type: 'object', properties: {} };
    const payload = await run('glm_payload_preview', {
      prompt: 'Hello',
      tools: [{ function: { name: 'find' } }],
      tool_choice: { type: 'function', function: { name: 'find' } },
    });
    expect(payload).toMatchObject({ provider: 'glm', model: 'first', url: 'https://vendor.example' });
    expect(payload['body']).toEqual({
      wish: {
        prompt: 'Hello',
        webSearch: false,
        temperature: 0.3,
        tools: [{ name: 'find', parameters }],
        toolChoice: { name: 'find' },
      },
    });
  });

  it('toolcall_log_tail and activity show calls without their content, newest at the end of the reading', async () => {
    const tail = await run('toolcall_log_tail', { n: 1 });
    expect(tail['calls']).toEqual([OWN_CALLS[0]]);
    const lines = await run('activity');
    expect(lines.content).toBe(
      '2026-01-01T00:00:00.000Z COMPLETED chat 30 ms kimi/kimi-k2.6 5+7 tokens first\n' +
        '2026-01-01T00:01:00.000Z FAILED chat 31 ms PROVIDER_TIMEOUT second',
    );
    const filtered = await run('activity', { filter: 'nothing | provider_timeout', structured: true });
    expect(filtered['calls']).toEqual([OWN_CALLS[0]]);
    const later = await run('activity', { since: '2026-01-01T01:00:30+01:00', source: 'server' });
    expect(later).toMatchObject({ matched: 1, looked_at: 1 });
    expect((await run('activity', { filter: '(a+)+$' })).content).toBe('No calls match.');
    expect(catalog.find('activity')?.parse({ since: 'yesterday' })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/since' }],
    });
  });

  it('threads lists, shows and deletes, and asks for an id where it needs one', async () => {
    const { continuation_id } = system.records.summary;
    expect((await run('threads')).content).toContain(`\`${continuation_id}\`: chat, 2 turns`);
    const shown = await run('threads', { operation: 'show', continuation_id });
    expect(shown.content).toContain('## assistant, kimi-k2.6 (chat)\n\nBecause.');
    await run('threads', { operation: 'delete', continuation_id });
    expect(system.records.deleted).toEqual([continuation_id]);
    await expect(run('threads', { operation: 'delete' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ pointer: '/continuation_id' }] },
    });
  });

  it('call_result hands the payload of an ended call on as it is, and tells where an open one stands', async () => {
    expect(await run('call_result', { call_id: ENDED.toUpperCase() })).toEqual({
      status: 'continuation_available',
      content: 'Because.',
      metadata: { tool_name: 'chat', correlation_id: 'of that call', duration_ms: 9 },
      call_id: ENDED,
      call_state: 'COMPLETED',
    });
    const open = '0199c0de-0000-7000-8000-00000000000a';
    const waiting = await run('call_result', { call_id: open });
    expect(waiting).toMatchObject({
      status: 'in_progress',
      call_id: open,
      call_state: 'RUNNING',
      tool: 'chat',
      seconds_since_accepted: 7,
      metadata: { tool_name: 'call_result' },
    });
    expect(waiting.content).toContain('again in a few seconds');
    expect(catalog.find('call_result')?.parse({ call_id: 'no-uuid' })).toEqual({
      ok: false,
      issues: [{ pointer: '/call_id', expected: 'the id of a call, a UUID' }],
    });
  });

  it('refuses tools of another kind', async () => {
    await expect(run('test_echo')).rejects.toMatchObject({ code: 'TOOL_NOT_FOUND' });
  });
});
