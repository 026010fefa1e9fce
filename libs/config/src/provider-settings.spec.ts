import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load.js';
import { readProvidersAgain } from './provider-reading.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exai-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env, { cwd: directory });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ variable }) => variable);
    throw error;
  }
  return [];
}

describe('the settings of providers', () => {
  it('read files, routes, limits and the proxy', () => {
    const { providers, secrets } = loadConfig(
      {
        EXAI_PROVIDERS_FILE: 'providers.json',
        EXAI_MODEL_CATALOG_FILE: '/etc/exai/models.yaml',
        EXAI_MODEL_DISCOVERY: 'true',
        EXAI_ROUTE_FAST_RESPONSE: 'flash, gpt-6-luna',
        EXAI_MAX_COST_PER_CALL_USD: '0.25',
        EXAI_DAILY_BUDGET_USD: '20',
        EXAI_OUTBOUND_PROXY: 'http://user:long-password@proxy.example:3128/',
        OLLAMA_BASE_URL: 'http://ollama:11434/v1/',
      },
      { cwd: directory },
    );
    expect(providers).toMatchObject({
      file: join(directory, 'providers.json'),
      catalogFile: '/etc/exai/models.yaml',
      discovery: true,
      routes: { FAST_RESPONSE: ['flash', 'gpt-6-luna'] },
      maxCostPerCallUsd: 0.25,
      dailyBudgetUsd: 20,
      outboundProxy: 'http://user:long-password@proxy.example:3128',
    });
    expect(providers.settings['ollama']?.baseUrl).toBe('http://ollama:11434/v1');
    expect(secrets).toContain('long-password');
  });

  it.each([
    ['EXAI_DAILY_BUDGET_USD', '0'],
    ['EXAI_DAILY_BUDGET_USD', '-1'],
    ['EXAI_MAX_COST_PER_CALL_USD', 'cheap'],
    ['EXAI_MODEL_DISCOVERY', 'maybe'],
    ['EXAI_OUTBOUND_PROXY', 'socks5://proxy'],
    ['EXAI_ROUTE_SLOW_RESPONSE', 'kimi'],
    ['GROQ_BASE_URL', 'http://api.groq.example'],
  ])('refuse %s=%s', (variable, value) => {
    expect(faultsOf({ [variable]: value })).toEqual([variable]);
  });

  it('of the vendors are not confused by variables of their own libraries', () => {
    expect(
      faultsOf({ OPENAI_CUSTOM_HEADERS: 'X: y', OPENAI_ORG_ID: 'org', ANTHROPIC_AUTH_TOKEN: 't' }),
    ).toEqual([]);
  });

  it.each([
    { OPENROUTER_API_KEY: 'or-key-0123456789' },
    { OLLAMA_BASE_URL: 'http://ollama:11434/v1' },
    { EXAI_PROVIDERS_FILE: 'providers.json' },
  ])('let production start with %j', (env) => {
    const needed = { NODE_ENV: 'production' };
    const isAsked = (variables: Record<string, string>) =>
      faultsOf({ ...needed, ...variables }).includes('KIMI_API_KEY or GLM_API_KEY');
    expect(isAsked({})).toBe(true);
    expect(isAsked(env)).toBe(false);
  });
});

describe('reading again', () => {
  it('takes what secret files hold now, and nothing else', () => {
    const file = join(directory, 'key');
    writeFileSync(file, 'first-key-0123456789', { mode: 0o600 });
    const env = { KIMI_API_KEY_FILE: file, KIMI_MAX_INFLIGHT: '3' };
    const config = loadConfig(env, { cwd: directory });
    writeFileSync(file, 'second-key-0123456789');
    const reading = readProvidersAgain(config);
    expect(config.providers.settings['kimi']?.apiKey).toBe('first-key-0123456789');
    expect(reading.providers.settings['kimi']).toMatchObject({
      apiKey: 'second-key-0123456789',
      maxInflight: 3,
    });
    expect(reading.secrets).toContain('second-key-0123456789');
    expect(reading.secretFiles).toEqual([file]);
    expect(Object.isFrozen(reading.providers.settings['kimi'])).toBe(true);
  });

  it('refuses a file that is gone', () => {
    const file = join(directory, 'key');
    writeFileSync(file, 'first-key-0123456789', { mode: 0o600 });
    const config = loadConfig({ GLM_API_KEY_FILE: file }, { cwd: directory });
    rmSync(file);
    expect(() => readProvidersAgain(config)).toThrow(ConfigError);
  });
});
