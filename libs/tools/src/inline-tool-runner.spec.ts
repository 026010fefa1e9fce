import { describe, expect, it } from 'vitest';
import { TOOLS } from './definitions/index.js';
import { InlineToolRunner } from './inline-tool-runner.js';
import { type ModelsReport, type StatusReport, SystemView, type VersionReport } from './system-view.js';
import { ToolCatalog } from './tool-catalog.js';
import { type ToolCall } from './tool.js';

class StillSystem extends SystemView {
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
  tools: { profile: 'full', enabled: [], disabled: [], simpleTimeoutMs: 1_000, workflowTimeoutMs: 1_000 },
  limits: {
    maxBodyBytes: 1_000_000,
    maxPromptChars: 60_000,
    maxCallMs: 1_000,
    maxConnections: 10,
    sessionMaxInflight: 10,
  },
});
const runner = new InlineToolRunner(catalog, new StillSystem());

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

  it('refuses tools of another kind', async () => {
    await expect(run('test_echo')).rejects.toMatchObject({ code: 'TOOL_NOT_FOUND' });
  });
});
