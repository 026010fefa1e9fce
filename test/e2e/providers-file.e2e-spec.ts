import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { temporaryDirectory } from '../harness/paths.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

interface ListedModels {
  readonly providers: readonly { readonly id: string; readonly state: string }[];
  readonly models: readonly { readonly id: string; readonly provider: string; readonly usable: boolean }[];
}

/** A provider is added, changed and removed by a configuration file alone, while the program runs. */
describe('the providers file', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'providers.json');
  let vendor: WatchedSimulator;
  let server: Standalone;
  let client: McpClient;

  const write = (...providers: object[]) =>
    writeFileSync(file, JSON.stringify({ providers }), { mode: 0o600 });
  const lab = (...models: string[]) => ({
    id: 'lab',
    type: 'openai-compatible',
    baseUrl: vendor.baseUrl,
    apiKey: 'key-of-the-lab-endpoint',
    models: models.map((id) => ({ id, contextWindow: 100_000, maxOutputTokens: 4_096 })),
  });
  const claude = () => ({
    id: 'own-claude',
    type: 'anthropic-compatible',
    baseUrl: vendor.baseUrl.replace(/\/v1$/, ''),
    models: [{ id: 'haiku-at-home', contextWindow: 100_000, maxOutputTokens: 4_096 }],
  });

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    vendor = await watchSimulator();
    write(lab('tiny'));
    server = await startStandalone({ env: { EXAI_PROVIDERS_FILE: file, EXAI_SIMULATOR: 'off' } });
    client = await connect('v2-default', 'websocket', server);
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
    await vendor.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function ask(model: string): Promise<Record<string, unknown>> {
    const { structuredContent = {} } = await client.callTool('chat', {
      model,
      prompt: `[[sim: echo]] hello ${model}`,
    });
    return structuredContent;
  }
  const listed = async () =>
    (await client.callTool('listmodels', { format: 'json' })).structuredContent as unknown as ListedModels;

  it('adds a provider whose models answer, by name and by automatic choice', async () => {
    expect(await ask('lab/tiny')).toMatchObject({
      content: 'hello lab/tiny',
      metadata: { provider_used: 'lab', model_used: 'tiny' },
    });
    expect(await ask('auto')).toMatchObject({ metadata: { provider_used: 'lab' } });
    const { providers, models } = await listed();
    expect(providers).toContainEqual(expect.objectContaining({ id: 'lab', state: 'ready' }));
    expect(models).toContainEqual(expect.objectContaining({ id: 'tiny', provider: 'lab', usable: true }));
  });

  it('takes a change while it runs, of another dialect too', async () => {
    write(lab('tiny', 'small'), claude());
    await eventually(
      async () => (await ask('haiku-at-home'))['content'] === 'hello haiku-at-home',
      'the new model',
    );
    expect(await ask('small')).toMatchObject({ metadata: { provider_used: 'lab' } });
    expect((await vendor.requests()).some(({ path }) => path === '/v1/messages')).toBe(true);
  });

  it('keeps what it has when the new file is faulty, and says so', async () => {
    writeFileSync(file, '{ "providers": [ { "id": "lab" } ] }');
    const nextSteps = async () =>
      (await client.callTool('status', {})).structuredContent?.['next_steps'] as readonly string[];
    await eventually(async () => (await nextSteps()).some((step) => step.includes(file)), 'status tells');
    expect(await ask('tiny')).toMatchObject({ content: 'hello tiny' });
  });

  it('refuses a model that is gone with the closest names', async () => {
    write(lab('small'));
    const errorOf = async () => (await ask('tiny'))['error'] as { code: string; hint: string } | undefined;
    await eventually(async () => (await errorOf())?.code === 'MODEL_NOT_FOUND', 'the model is gone');
    expect((await errorOf())?.hint).toContain('small');
  });

  it('never writes the key of the file anywhere', () => {
    expect(server.output()).not.toContain('key-of-the-lab-endpoint');
  });
});
