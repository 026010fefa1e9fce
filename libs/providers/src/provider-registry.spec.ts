import { loadConfig, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import type { ProviderEntry } from './define.js';
import { PROVIDERS } from './descriptors/index.js';
import type { ModelClient } from './model-client.js';
import { ProviderRegistry } from './provider-registry.js';

const MODEL = { id: 'one', contextWindow: 8_000, maxOutputTokens: 4_000, intelligence: 1 };
const ENTRY: ProviderEntry = {
  id: 'acme',
  title: 'Acme',
  api: 'openai-chat',
  baseUrl: 'https://api.acme.example/v1',
  models: [MODEL],
};

function build(
  env: Record<string, string> = {},
  entries: readonly ProviderEntry[] = PROVIDERS,
): ProviderRegistry {
  return ProviderRegistry.build(entries, loadConfig(env));
}

function refusal(action: () => unknown): ExaiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ExaiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Of the providers that are spoken of. */
function states(registry: ProviderRegistry): Record<string, string> {
  const shown = registry.providers().filter(({ prominent }) => prominent);
  return Object.fromEntries(shown.map(({ id, state }) => [id, state]));
}

describe('validation', () => {
  it.each<[string, unknown[], string]>([
    ['an empty title', [{ ...ENTRY, title: '' }], 'provider "acme", field title'],
    ['a bad address', [{ ...ENTRY, baseUrl: 'acme' }], 'provider "acme", field baseUrl'],
    ['an unknown field', [{ ...ENTRY, apiKey: 'x' }], 'provider "acme"'],
    ['no models', [{ ...ENTRY, models: [] }], 'provider "acme", field models'],
    ['models that are no list', [{ ...ENTRY, models: 'one' }], 'provider "acme", field models'],
    ['something that is no provider', [null], 'provider "?"'],
    [
      'two providers of one id',
      [ENTRY, { ...ENTRY, models: [{ ...MODEL, id: 'two' }] }],
      'provider "acme": the field id',
    ],
    [
      'an unknown dialect',
      [{ ...ENTRY, api: 'smoke' }],
      'provider "acme", field api: unknown dialect "smoke"',
    ],
    [
      'a model without a window',
      [{ ...ENTRY, models: [{ ...MODEL, contextWindow: 0 }] }],
      'provider "acme", model "one", field contextWindow',
    ],
    [
      'a model id twice',
      [{ ...ENTRY, models: [MODEL, MODEL] }],
      'provider "acme", model "one", field id: the name "one" is already taken',
    ],
    [
      'an alias of another model in another case',
      [{ ...ENTRY, models: [MODEL, { ...MODEL, id: 'two', aliases: ['ONE'] }] }],
      'provider "acme", model "two", field aliases: the name "ONE" is already taken by model "one"',
    ],
    [
      'an alias across providers',
      [ENTRY, { ...ENTRY, id: 'zeta', models: [{ ...MODEL, id: 'two', aliases: ['one'] }] }],
      'provider "zeta", model "two", field aliases',
    ],
    [
      'a replacement that does not exist',
      [{ ...ENTRY, models: [{ ...MODEL, status: 'retired', replacedBy: 'gone' }] }],
      'provider "acme", model "one", field replacedBy: there is no model "gone"',
    ],
    [
      'an error code we do not have',
      [{ ...ENTRY, quirks: { errors: [{ status: 400, becomes: 'NO_SUCH_CODE' }] } }],
      'provider "acme", field quirks.errors.0.becomes',
    ],
    [
      'a pattern that is none',
      [{ ...ENTRY, quirks: { retryAfterText: '(' } }],
      'provider "acme", field quirks.retryAfterText',
    ],
  ])('refuses %s and names the place', (_what, entries, place) => {
    const error = refusal(() => build({}, entries as ProviderEntry[]));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details.reason).toContain(place);
    expect(error.details.reason).not.toContain('\n');
  });

  it('refuses a client without its member', () => {
    const broken = { 'openai-chat': () => ({ finish: true }) as unknown as ModelClient };
    const error = refusal(() => ProviderRegistry.build(PROVIDERS, loadConfig({}), broken));
    expect(error.details.reason).toBe(
      'provider "kimi", client of dialect "openai-chat", member prepare: is not a function',
    );
  });
});

describe('provider states', () => {
  it('stands on the simulator alone while no key is set', () => {
    const registry = build();
    expect(states(registry)).toEqual({ kimi: 'no_key', glm: 'no_key', simulator: 'ready' });
    expect(registry.summary()).toBe('1 of 3 providers ready, 33 models');
    expect(registry.isRoutable('simulator')).toBe(true);
    expect(registry.warnings).toEqual([]);
  });

  it('leaves the simulator as soon as a real provider is ready', () => {
    const registry = build({ KIMI_API_KEY: 'sk-test-key-of-kimi' });
    expect(states(registry)).toEqual({ kimi: 'ready', glm: 'no_key', simulator: 'disabled' });
    expect(registry.isRoutable('simulator')).toBe(false);
  });

  it('keeps a simulator that is asked for, but out of automatic routing', () => {
    const registry = build({ KIMI_API_KEY: 'sk-test-key-of-kimi', EXAI_SIMULATOR: 'on' });
    expect(states(registry)).toEqual({ kimi: 'ready', glm: 'no_key', simulator: 'ready' });
    expect(registry.isRoutable('simulator')).toBe(false);
    expect(registry.provider('simulator')).toBeDefined();
  });

  it('has no simulator when it is off, nor in production', () => {
    expect(states(build({ EXAI_SIMULATOR: 'off' }))['simulator']).toBe('disabled');
    const config = loadConfig({});
    const server: Config['server'] = { ...config.server, environment: 'production' };
    expect(states(ProviderRegistry.build(PROVIDERS, { ...config, server }))['simulator']).toBe('disabled');
  });

  it('speaks of other providers once they are configured, and of a model server once it has an address', () => {
    const shown = (env: Record<string, string>) =>
      build(env)
        .providers()
        .filter(({ prominent }) => prominent)
        .map(({ id, state }) => `${id} ${state}`);
    expect(shown({ XAI_API_KEY: 'xai-test-key-of-xai' })).toContain('xai ready');
    expect(shown({ OLLAMA_BASE_URL: 'http://models:11434/v1' })).toContain('ollama ready');
    expect(build({ OLLAMA_API_KEY: 'some-key' }).status('ollama')).toMatchObject({
      state: 'no_key',
      keyVariable: 'OLLAMA_BASE_URL',
      prominent: false,
    });
  });

  it('gives no client for a provider without a key and says what to set', () => {
    const error = refusal(() => build().provider('glm'));
    expect(error.code).toBe('PROVIDER_NOT_CONFIGURED');
    expect(error.details).toMatchObject({ provider: 'glm', variable: 'GLM_API_KEY' });
  });
});

describe('finding models', () => {
  const registry = build();

  it.each([
    ['kimi-k2.6', 'kimi-k2.6'],
    ['KIMI', 'kimi-k2.6'],
    [' Flash ', 'glm-4.7-flash'],
    ['glm/glm', 'glm-5.3'],
    ['Kimi/Kimi-K3', 'kimi-k3'],
  ])('finds %j', (name, id) => {
    expect(registry.find(name)?.id).toBe(id);
  });

  it('does not find a model at another provider', () => {
    expect(registry.find('glm/kimi-k3')).toBeUndefined();
  });

  it('never invents a record: an unknown name is refused with the closest names', () => {
    const error = refusal(() => build({ GLM_API_KEY: 'test-key-of-glm' }).getCapabilities('glm-5.4'));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.details.suggestions).toHaveLength(5);
    expect(error.details.suggestions).toContain('glm-5.3');
    expect(refusal(() => registry.getCapabilities('constructor')).code).toBe('MODEL_NOT_FOUND');
  });

  it('leaves out retired models unless asked', () => {
    expect(registry.models().some(({ status }) => status === 'retired')).toBe(false);
    const own = registry
      .models({ includeRetired: true })
      .filter(({ provider }) => /kimi|glm|sim/.test(provider));
    expect(own).toHaveLength(43);
  });
});

describe('restrictions', () => {
  it('count after alias resolution, keep their order and warn about names that mean nothing', () => {
    const registry = build({ KIMI_ALLOWED_MODELS: 'kimi, kimi-k33, kimi-k2.5, kimi-latest, kimi-k2.6' });
    expect(registry.preference('kimi')).toEqual(['kimi-k2.6', 'kimi-k2.5']);
    const kimi = registry.models().filter(({ provider }) => provider === 'kimi');
    expect(kimi.map(({ id }) => id)).toEqual(['kimi-k2.6', 'kimi-k2.5']);
    const all = registry.models({ respectRestrictions: false });
    expect(all.filter(({ provider }) => provider === 'kimi')).toHaveLength(12);
    expect(registry.warnings).toHaveLength(2);
    expect(registry.warnings[0]).toContain('KIMI_ALLOWED_MODELS: kimi has no model "kimi-k33"; closest are');
    expect(registry.warnings[0]).toContain('kimi-k3');
    expect(registry.warnings[1]).toContain('"kimi-latest" is retired; use kimi-k2.6');
  });

  it('refuse to start when they leave nothing', () => {
    const error = refusal(() => build({ GLM_ALLOWED_MODELS: 'kimi-k3' }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details.reason).toContain('GLM_ALLOWED_MODELS leaves no model');
  });
});

describe('the default model', () => {
  it.each([
    ['gpt', 'there is no model "gpt"'],
    ['kimi-latest', 'is retired; use kimi-k2.6'],
  ])('refuses %s', (name, reason) => {
    const error = refusal(() => build({ EXAI_DEFAULT_MODEL: name }));
    expect(error.details.reason).toContain(reason);
    expect(error.details['variable']).toBe('EXAI_DEFAULT_MODEL');
  });

  it('warns when its provider has no key', () => {
    const registry = build({ EXAI_DEFAULT_MODEL: 'kimi' });
    expect(registry.defaultModel?.id).toBe('kimi-k2.6');
    expect(registry.warnings[0]).toContain('until KIMI_API_KEY is set');
  });
});
