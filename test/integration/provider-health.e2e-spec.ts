import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { bearer } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** What the workers learn about a provider is seen at the gateway, which never asks it. */
describe('state of the providers', () => {
  let rig: Rig;
  let client: McpClient;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('there is no queue to run on');
    rig = await Rig.open(backend, {
      ownDatabaseServer: true,
      env: ({ baseUrl }) => ({
        KIMI_API_KEY: 'a-key-for-the-simulator-only',
        KIMI_BASE_URL: baseUrl,
        GLM_API_KEY: 'another-key.for-the-simulator-only',
        GLM_BASE_URL: baseUrl,
      }),
    });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterAll(async () => {
    await client.close();
    await rig.close();
  });

  const ask = (model: string, script: string) =>
    client.callTool('chat', { model, use_websearch: false, prompt: `[[sim: ${script}]] hello` });

  interface Status {
    readonly providers_health: Record<
      string,
      { state: string; last_error?: string; success_rate_5m?: number }
    >;
    readonly next_steps: string[];
  }
  const status = async () => (await client.callTool('status', {})).structuredContent as unknown as Status;
  const stateOf = async (provider: string) => (await status()).providers_health[provider]?.state;

  async function ready() {
    const response = await fetch(`${rig.gateway.url}/health/ready`);
    const body = (await response.json()) as { details: Record<string, { status: string; message?: string }> };
    return { status: response.status, providers: body.details['providers'] };
  }

  it('shows success and times of those that answer', async () => {
    await ask('kimi-k2.6', 'ok');
    const health = await eventually(async () => {
      const { kimi } = (await status()).providers_health;
      return kimi?.success_rate_5m === undefined ? undefined : kimi;
    }, 'the gateway knows of the request');
    expect(health).toMatchObject({ state: 'closed', success_rate_5m: 1 });
    expect((await ready()).providers).toMatchObject({ status: 'up' });
  });

  it('says which key is refused, raises one alarm for it, and keeps the rest usable', async () => {
    for (let count = 0; count < 4; count += 1) await ask('glm-4.6', '401');
    await eventually(async () => (await stateOf('glm')) === 'open', 'the gateway sees the open circuit');
    const { providers_health, next_steps } = await status();
    expect(providers_health['glm']).toMatchObject({ state: 'open', cause: 'PROVIDER_AUTH' });
    expect(providers_health['kimi']).toMatchObject({ state: 'closed' });
    expect(next_steps).toContain('glm is refusing the key: check GLM_API_KEY.');

    const { structuredContent } = await client.callTool('listmodels', {});
    const models = structuredContent?.['models'] as { id: string; provider: string; usable: boolean }[];
    expect(models.filter(({ provider }) => provider === 'glm').map(({ usable }) => usable)).not.toContain(
      true,
    );
    expect(models.find(({ id }) => id === 'kimi-k2.6')).toMatchObject({ usable: true });
    expect(models.find(({ id }) => id === 'glm-4.6')).toMatchObject({
      circuit: { state: 'open', cause: 'PROVIDER_AUTH' },
    });

    const probe = await ready();
    expect(probe.status).toBe(200);
    expect(probe.providers).toMatchObject({
      status: 'degraded',
      message: 'not asked for a while: glm (PROVIDER_AUTH)',
    });
    const alarms = rig.workers[0]?.logs.filter(({ code }) => code === 'PROVIDER_AUTH');
    expect(alarms).toHaveLength(1);
  });

  it('is told to operators over REST, and to nobody else', async () => {
    const read = async (scopes: readonly string[]) =>
      fetch(`${rig.gateway.url}/api/v1/admin/providers`, { headers: bearer(rig.token({ scopes })) });
    const response = await read(['admin:read']);
    expect(response.status).toBe(200);
    const body = (await response.json()) as { providers: { id: string; state: string; health?: object }[] };
    expect(body.providers.find(({ id }) => id === 'glm')).toMatchObject({
      state: 'ready',
      health: { state: 'open', cause: 'PROVIDER_AUTH' },
    });
    expect(body.providers.find(({ id }) => id === 'openai')).toMatchObject({ state: 'no_key' });
    expect((await read(['tools:call'])).status).toBe(403);
    expect((await fetch(`${rig.gateway.url}/api/v1/admin/providers`)).status).toBe(401);
  });

  it('names vendors that nobody has set up in one line', async () => {
    const contentOf = async (args: Record<string, unknown>) =>
      String((await client.callTool('listmodels', args)).structuredContent?.['content']);
    const text = await contentOf({});
    expect(text).toMatch(/^Also available: set .*OPENAI_API_KEY/m);
    expect(text).not.toMatch(/^## .*openai/im);
    expect(await contentOf({ provider: 'openai' })).toContain('no key, set OPENAI_API_KEY');
  });

  it('follows a provider that fails and recovers', async () => {
    rig.simulator.control({ always: '500' });
    for (let count = 0; count < 3; count += 1) await ask('kimi-k2.5', '500');
    await eventually(async () => {
      const { structuredContent } = await client.callTool('listmodels', { provider: 'kimi' });
      const models = structuredContent?.['models'] as { id: string; circuit?: { state: string } }[];
      return models.find(({ id }) => id === 'kimi-k2.5')?.circuit?.state === 'open';
    }, 'the gateway sees the open circuit');
    rig.simulator.resetControl();
    await eventually(async () => (await ask('kimi-k2.5', 'ok')).isError !== true, 'it answers again', {
      timeoutMs: 30_000,
      everyMs: 1_000,
    });
    await eventually(async () => {
      const { structuredContent } = await client.callTool('listmodels', { provider: 'kimi' });
      const models = structuredContent?.['models'] as { id: string; circuit?: object; usable: boolean }[];
      const model = models.find(({ id }) => id === 'kimi-k2.5');
      return model?.circuit === undefined && model?.usable === true;
    }, 'the gateway sees that it closed');
  }, 60_000);

  it('is answered in time while the database is away', async () => {
    await rig.stopDatabase();
    const began = performance.now();
    const report = await status();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(report.next_steps[0]).toContain('The database does not answer');
    await rig.startDatabase();
  }, 60_000);
});
