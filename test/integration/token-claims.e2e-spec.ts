import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ToolResult } from '../harness/clients.js';
import { bearer, MCP_HEADERS, openSession, rpc, upgrade } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** What a token narrows reaches the worker with the call, and is kept there. */
describe('limits of a token', () => {
  let rig: Rig;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('there is no queue to run on');
    rig = await Rig.open(backend, {
      env: ({ baseUrl }) => ({ KIMI_API_KEY: 'a-key-for-the-simulator-only', KIMI_BASE_URL: baseUrl }),
    });
  });

  afterAll(() => rig.close());

  async function call(tool: string, args: Record<string, unknown>, claims: Record<string, unknown> = {}) {
    const client = await connect('v2-default', 'websocket', rig.gateway, rig.token({ claims }));
    try {
      return await client.callTool(tool, args);
    } finally {
      await client.close();
    }
  }

  const ask = (model: string, claims?: Record<string, unknown>) =>
    call('chat', { model, use_websearch: false, prompt: '[[sim: echo]] hello' }, claims);
  const errorOf = ({ structuredContent }: ToolResult) => structuredContent?.['error'];
  const modelOf = ({ structuredContent }: ToolResult) =>
    (structuredContent?.['metadata'] as { model_used?: string } | undefined)?.model_used;

  it('refuse another model by name, and keep auto to the permitted ones', async () => {
    expect(modelOf(await ask('kimi-k2.6'))).toBe('kimi-k2.6');
    const claims = { models: ['kimi-k2.5', 'simulator-1'] };
    expect(errorOf(await ask('kimi-k2.6', claims))).toMatchObject({ code: 'MODEL_RESTRICTED' });
    expect(modelOf(await ask('kimi-k2.5', claims))).toBe('kimi-k2.5');
    expect(modelOf(await ask('auto', claims))).toBe('kimi-k2.5');
  });

  it('mean the model behind an alias', async () => {
    expect(modelOf(await ask('kimi-k2.6', { models: 'kimi' }))).toBe('kimi-k2.6');
  });

  it('refuse a call that may cost more, before the model is asked', async () => {
    const before = (await rig.simulator.requests()).length;
    const refused = await ask('kimi-k2.6', { max_cost_usd: 0.001 });
    expect(errorOf(refused)).toMatchObject({ code: 'QUOTA_EXCEEDED', attempts: 1 });
    expect((await rig.simulator.requests()).length).toBe(before);
    expect(modelOf(await ask('kimi-k2.6', { max_cost_usd: 5 }))).toBe('kimi-k2.6');
  });

  it('count the whole prompt of a model that was named', async () => {
    const question = `[[sim: ok]] ${'word '.repeat(10_000)}`;
    const args = { model: 'kimi-k2.6', use_websearch: false, prompt: question };
    // 8,192 tokens of answer alone stay below the limit; with 12,500 of the prompt they do not.
    const refused = await call('chat', args, { max_cost_usd: 0.04 });
    expect(errorOf(refused)).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(
      modelOf(await call('chat', { ...args, prompt: '[[sim: ok]] short' }, { max_cost_usd: 0.04 })),
    ).toBe('kimi-k2.6');
  });

  it('show in listmodels what this caller cannot use', async () => {
    const result = await call('listmodels', {}, { models: ['kimi-k2.5'] });
    const models = result.structuredContent?.['models'] as { id: string; usable: boolean; note?: string }[];
    expect(models.filter(({ usable }) => usable).map(({ id }) => id)).toEqual(['kimi-k2.5']);
    expect(models.find(({ id }) => id === 'kimi-k2.6')).toMatchObject({
      usable: false,
      note: 'not permitted by your token',
    });
  });

  it.each([{ models: [] }, { models: { kimi: true } }, { max_cost_usd: '1' }])(
    'that are malformed open no door: %j',
    async (claims) => {
      const token = rig.token({ claims });
      expect((await upgrade(rig.gateway.wsUrl, { headers: bearer(token) })).status).toBe(401);
    },
  );

  it('are not escaped through the session of a wider token', async () => {
    const session = await openSession(rig.gateway, rig.token());
    const post = async (token: string) => {
      const response = await fetch(`${rig.gateway.url}/mcp`, {
        method: 'POST',
        headers: { ...MCP_HEADERS, ...bearer(token), 'Mcp-Session-Id': session },
        body: JSON.stringify(rpc('tools/list')),
      });
      await response.text();
      return response.status;
    };
    expect(await post(rig.token())).toBe(200);
    expect(await post(rig.token({ claims: { models: ['kimi-k2.5'] } }))).toBe(404);
  });
});
