import { chmodSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { createRedactor } from '#libs/observability';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startVendorServer, type VendorServer } from '../../../test/harness/vendor-server.js';
import { PROVIDERS } from './descriptors/index.js';
import { ModelDiscovery } from './model-discovery.js';
import { ProviderRegistry } from './provider-registry.js';
import { ProviderWatch } from './provider-watch.js';

let directory: string;
let vendor: VendorServer;
let registries: ProviderRegistry[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'exai-providers-'));
  vendor = await startVendorServer();
});
afterEach(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
  registries = [];
  await vendor.close();
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

function build(env: Record<string, string>): ProviderRegistry {
  const registry = ProviderRegistry.build(PROVIDERS, loadConfig(env));
  registries.push(registry);
  return registry;
}

function lab(more: object = {}): object {
  return {
    id: 'lab',
    type: 'openai-compatible',
    baseUrl: `${vendor.url}/v1`,
    models: [{ id: 'x' }],
    ...more,
  };
}

function withFile(providers: unknown[], env: Record<string, string> = {}): ProviderRegistry {
  return build({ EXAI_PROVIDERS_FILE: write('providers.json', { providers }), ...env });
}

function refusalOf(action: () => unknown): ExaiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ExaiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

async function ask(registry: ProviderRegistry, name: string): Promise<string> {
  const model = registry.getCapabilities(name);
  const messages = [{ role: 'user', content: 'hello' }] as const;
  const request = { model, messages, correlationId: 'reload' };
  return (await registry.provider(model.provider).chat(request, AbortSignal.timeout(5_000))).content;
}

describe('a providers file', () => {
  it('adds a provider that answers, needs no key on this machine and assumes little of a bare name', async () => {
    const registry = withFile([lab()]);
    expect(registry.status('lab')).toMatchObject({ state: 'ready', prominent: true });
    expect(registry.getCapabilities('lab/x')).toMatchObject({
      id: 'x',
      contextWindow: 32_768,
      maxOutputTokens: 4_096,
      discovered: true,
    });
    expect(await ask(registry, 'lab/x')).toBe('The answer.');
    expect(registry.warnings).toEqual([]);
  });

  it('reads YAML, fills in variables, and sends keys, headers and query as told', async () => {
    const path = write(
      'providers.yaml',
      `providers:
  - id: azure
    type: openai-compatible
    baseUrl: ${vendor.url}/openai/v1
    apiKeyEnv: AZURE_KEY
    auth: api-key
    apiVersion: preview
    organization: org-1
    headers: { X-Team: "\${TEAM}" }
    models: [{ id: my-deployment, contextWindow: 400000, maxOutputTokens: 128000 }]
`,
    );
    const registry = build({
      EXAI_PROVIDERS_FILE: path,
      AZURE_KEY: 'azure-key-0123456789',
      TEAM: 'research-team',
    });
    await ask(registry, 'my-deployment');
    expect(vendor.requests[0]?.headers).toMatchObject({
      'api-key': 'azure-key-0123456789',
      'x-team': 'research-team',
      'openai-organization': 'org-1',
    });
    expect(registry.getCapabilities('my-deployment').discovered).toBe(false);
    const redacted = createRedactor([])('it was azure-key-0123456789 of research-team');
    expect(redacted).toBe('it was [redacted] of [redacted]');
  });

  it('changes a bundled provider field by field; the environment comes first', () => {
    const registry = withFile(
      [
        {
          id: 'kimi',
          baseUrl: 'https://proxy.example/v1',
          models: [
            { id: 'kimi-k3', price: { input: 1, output: 2 } },
            { id: 'kimi-next', contextWindow: 9_000 },
          ],
        },
      ],
      { KIMI_API_KEY: 'sk-test-key-of-kimi' },
    );
    expect(registry.getCapabilities('kimi-k3')).toMatchObject({
      contextWindow: 1_048_576,
      price: { input: 1 },
    });
    expect(registry.getCapabilities('kimi-next').provider).toBe('kimi');
    expect(registry.hostOf('kimi')).toBe('proxy.example');
    const path = join(directory, 'providers.json');
    const other = build({ EXAI_PROVIDERS_FILE: path, KIMI_BASE_URL: 'https://other.example/v1' });
    expect(other.hostOf('kimi')).toBe('other.example');
  });

  it('keeps names as the endpoint writes them and puts taken ones behind the provider', async () => {
    const registry = withFile([lab({ models: [{ id: 'Qwen/Qwen3-32B' }, { id: 'glm-4.6' }] })]);
    expect(registry.getCapabilities('qwen/qwen3-32b').apiModel).toBe('Qwen/Qwen3-32B');
    expect(registry.getCapabilities('glm-4.6').provider).toBe('glm');
    await ask(registry, 'lab/glm-4.6');
    expect(vendor.requests[0]?.body).toMatchObject({ model: 'glm-4.6' });
  });

  it('lists every fault at once with file, provider and field, and no value', () => {
    const bad = [
      lab({ baseUrl: 'http://models.example/v1', apiKeyFile: 'missing', headers: { A: '${NOWHERE}' } }),
      { id: 'second', models: [] },
      lab(),
    ];
    const { code, details } = refusalOf(() => withFile(bad));
    expect(code).toBe('CONFIG_INVALID');
    expect(details['variable']).toBe('EXAI_PROVIDERS_FILE');
    for (const part of [
      join(directory, 'providers.json'),
      'provider "lab", field baseUrl: plain http needs allowPrivate',
      'provider "lab", field apiKeyFile',
      'provider "lab", field headers.A: the variable NOWHERE is not set',
      'provider "second", field type: is missing',
      'provider "second", field baseUrl: is missing',
      'provider "second", field models',
      'provider "lab", field id: is used twice',
    ]) {
      expect(details.reason).toContain(part);
    }
    const shape = refusalOf(() =>
      withFile([
        lab({ apiKey: 7, typo: 'sk-secret' }),
        { ...lab(), models: [{ id: 'x', contextWindow: -1 }] },
      ]),
    );
    expect(shape.details.reason).toContain('provider "lab", field apiKey');
    expect(shape.details.reason).toContain('model "x", field contextWindow');
    expect(shape.details.reason).not.toContain('sk-secret');
  });

  it.each([
    ['providers.json', '{ "providers": [ { "apiKey": "sk-secret-1", ] }', 'is not valid JSON (line 1)'],
    ['providers.yml', 'providers:\n  - apiKey: "sk-secret-1\n', 'is not valid YAML'],
  ])('names the place in %s that cannot be read, not its content', (name, content, words) => {
    const { details } = refusalOf(() => build({ EXAI_PROVIDERS_FILE: write(name, content) }));
    expect(details.reason).toContain(words);
    expect(details.reason).not.toContain('sk-secret');
  });

  it('warns when others can read a key that stands in it', () => {
    const path = write('providers.json', { providers: [lab({ apiKey: 'sk-inline-key-1' })] });
    chmodSync(path, 0o644);
    expect(build({ EXAI_PROVIDERS_FILE: path }).warnings[0]).toContain('change its mode to 0600');
    chmodSync(path, 0o600);
    expect(build({ EXAI_PROVIDERS_FILE: path }).warnings).toEqual([]);
  });

  it('needs a key for an address on the internet', () => {
    const registry = withFile([lab({ baseUrl: 'https://models.example/v1' })]);
    expect(registry.status('lab')).toMatchObject({
      state: 'no_key',
      keyVariable: 'LAB_API_KEY',
      prominent: false,
    });
  });
});

describe('a model catalogue file', () => {
  it('changes bundled models, adds others, and names what is wrong', () => {
    const file = (models: unknown[]) => ({ EXAI_MODEL_CATALOG_FILE: write('models.json', { models }) });
    const registry = build(
      file([
        { id: 'glm-5', intelligence: 3 },
        {
          id: 'glm-6',
          provider: 'glm',
          contextWindow: 2_000_000,
          maxOutputTokens: 200_000,
          intelligence: 20,
        },
      ]),
    );
    expect(registry.getCapabilities('glm-5')).toMatchObject({ intelligence: 3, contextWindow: 200_000 });
    expect(registry.getCapabilities('glm-6')).toMatchObject({ provider: 'glm', tools: true });
    const { details } = refusalOf(() => build(file([{ id: 'alone' }, { id: 'lost', provider: 'nobody' }])));
    expect(details.reason).toContain('model "alone", field provider: is missing');
    expect(details.reason).toContain('model "lost", field provider: there is no provider "nobody"');
    const clash = refusalOf(() => build(file([{ id: 'glm-5', aliases: ['kimi'] }])));
    expect(clash.details.reason).toContain('the name "kimi" is already taken');
    expect(clash.details['variable']).toBe('EXAI_MODEL_CATALOG_FILE');
  });
});

describe('routes', () => {
  it('are resolved to ids; a name nobody has refuses the start', () => {
    const registry = build({ EXAI_ROUTE_FAST_RESPONSE: 'flash, KIMI' });
    expect(registry.routeOf('FAST_RESPONSE')).toEqual(['glm-4.7-flash', 'kimi-k2.6']);
    expect(registry.routeOf('BALANCED')).toEqual([]);
    expect(refusalOf(() => build({ EXAI_ROUTE_BALANCED: 'kimmi' })).details.reason).toContain(
      'EXAI_ROUTE_BALANCED: there is no model "kimmi"; closest are',
    );
    expect(refusalOf(() => build({ EXAI_ROUTE_BALANCED: 'kimi-latest' })).details.reason).toContain(
      'retired',
    );
  });
});

describe('reload', () => {
  const watches: ProviderWatch[] = [];
  afterEach(() => watches.splice(0).forEach((watch) => watch.stop()));
  const lines: string[] = [];
  const log = {
    info: (_fields: object, message: string) => void lines.push(message),
    error: (_fields: object, message: string) => void lines.push(`ERROR ${message}`),
  };
  async function watched(registry: ProviderRegistry): Promise<void> {
    const watch = new ProviderWatch(registry, log, 20);
    watches.push(watch);
    lines.length = 0;
    await watch.start();
  }

  it('takes a changed file while calls run, and drops none of them', async () => {
    const registry = withFile([lab()]);
    await watched(registry);
    let told = 0;
    registry.onChange(() => (told += 1));
    let release = (): void => undefined;
    vendor.hold = new Promise((resolve) => (release = resolve));
    const running = ask(registry, 'lab/x');
    await expect.poll(() => vendor.requests.length).toBe(1);
    write('providers.json', { providers: [lab({ id: 'other', timeoutSecs: 5 })] });
    await expect.poll(() => registry.revision).toBe(2);
    expect(registry.find('lab/x')).toBeUndefined();
    expect(registry.status('other').state).toBe('ready');
    expect(told).toBe(1);
    release();
    expect(await running).toBe('The answer.');
    expect(await ask(registry, 'other/x')).toBe('The answer.');
  });

  it('keeps the old state when the new file is bad, says so once, and recovers', async () => {
    const registry = withFile([lab()]);
    await watched(registry);
    write('providers.json', '{ "providers": [');
    await expect.poll(() => registry.reloadFault).toContain('is not valid JSON');
    write('providers.json', '{ "providers":  [');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask(registry, 'lab/x')).toBe('The answer.');
    expect(lines.filter((line) => line.startsWith('ERROR'))).toHaveLength(1);
    write('providers.json', { providers: [lab({ models: [{ id: 'y' }] })] });
    await expect.poll(() => registry.find('lab/y')?.id).toBe('y');
    expect(registry.reloadFault).toBeUndefined();
  });

  it('takes a key that is mounted by a link which is exchanged', async () => {
    const link = join(directory, 'key');
    symlinkSync(write('key-1', 'first-key-0123456789'), link);
    const registry = build({ KIMI_API_KEY_FILE: link });
    await watched(registry);
    const before = registry.provider('kimi');
    write('key-2', 'second-key-0123456789');
    unlinkSync(link);
    symlinkSync(join(directory, 'key-2'), link);
    await expect.poll(() => registry.revision).toBeGreaterThan(1);
    expect(registry.provider('kimi')).not.toBe(before);
    expect(createRedactor([])('second-key-0123456789')).toBe('[redacted]');
    expect(createRedactor([])('first-key-0123456789')).toBe('[redacted]');
  });

  it('keeps the connections of a provider that did not change', async () => {
    const registry = withFile([lab()]);
    await ask(registry, 'lab/x');
    // The pool gets the connection back a moment after the answer.
    await new Promise((resolve) => setTimeout(resolve, 100));
    write('providers.json', {
      providers: [lab({ models: [{ id: 'x' }, { id: 'y' }] }), { id: 'kimi', title: 'K' }],
    });
    registry.reload();
    await ask(registry, 'lab/y');
    const [first, second] = vendor.requests;
    expect(second?.clientPort).toBe(first?.clientPort);
  });

  it('is asked for by SIGHUP', async () => {
    const registry = withFile([lab()]);
    const watch = new ProviderWatch(registry, log, 60_000);
    watches.push(watch);
    await watch.start();
    expect(process.listenerCount('SIGHUP')).toBe(1);
    process.kill(process.pid, 'SIGHUP');
    await expect.poll(() => registry.revision).toBe(2);
  });
});

describe('discovery', () => {
  const quiet = { info: () => undefined, error: () => undefined };

  it('adds what the vendor lists as little as it knows, behind what is described', async () => {
    vendor.models = ['x', 'Fresh-Model', 'text-embedding-9'];
    const registry = withFile([lab({ discover: true, allowedModels: ['fresh-model', 'x'] })]);
    const discovery = new ModelDiscovery(registry, quiet);
    discovery.start();
    await discovery.settled();
    expect(registry.getCapabilities('lab/fresh-model')).toMatchObject({
      apiModel: 'Fresh-Model',
      discovered: true,
      tools: false,
      images: false,
    });
    expect(registry.find('text-embedding-9')).toBeUndefined();
    expect(registry.models().filter(({ provider }) => provider === 'lab')).toHaveLength(2);
    expect(registry.preference('lab')).toEqual(['fresh-model', 'x']);
    await discovery.stop();
  });

  it('asks again after a reload, and a vendor that does not answer changes nothing', async () => {
    vendor.refuseWith = 500;
    const registry = withFile([lab({ discover: true, models: [] })]);
    const discovery = new ModelDiscovery(registry, quiet);
    discovery.start();
    await discovery.settled();
    expect(registry.revision).toBe(1);
    vendor.refuseWith = undefined;
    vendor.models = ['found'];
    registry.reload();
    await discovery.settled();
    expect(registry.find('found')?.provider).toBe('lab');
    await discovery.stop();
  });

  it('asks nobody unless told to', () => {
    expect(withFile([lab()]).discovering()).toEqual([]);
    expect(withFile([lab()], { EXAI_MODEL_DISCOVERY: 'true' }).discovering()).toEqual(['lab']);
    expect(withFile([], { OLLAMA_BASE_URL: `${vendor.url}/v1` }).discovering()).toEqual(['ollama']);
  });
});
