import { describe, expect, it } from 'vitest';
import { type Config } from './config.js';
import { describeSettings } from './describe.js';
import { loadConfig } from './load.js';
import { ALL_SETTINGS } from './schema.js';

describe('the list of settings', () => {
  it('names every variable once and says what it is', () => {
    const settings = describeSettings();
    expect(new Set(settings.map(({ variable }) => variable)).size).toBe(settings.length);
    for (const setting of settings) {
      expect(setting.variable).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(setting.doc).not.toBe('');
      expect(setting.type).not.toBe('');
    }
  });

  it('marks everything that is a secret by its name', () => {
    for (const { variable, secret } of describeSettings()) {
      expect([variable, secret]).toEqual([
        variable,
        /_API_KEY$|_SECRET(_KEY)?$|_TOKEN$|^(DATABASE|REDIS)_URL$|_PROXY$/.test(variable),
      ]);
    }
  });

  it('adds five settings per provider', () => {
    const names = describeSettings().map(({ variable }) => variable);
    for (const prefix of [
      'KIMI',
      'GLM',
      'OPENAI',
      'ANTHROPIC',
      'GEMINI',
      'XAI',
      'OPENROUTER',
      'DEEPSEEK',
      'OLLAMA',
    ]) {
      expect(names.filter((name) => name.startsWith(`${prefix}_`))).toEqual(
        ['API_KEY', 'BASE_URL', 'ALLOWED_MODELS', 'MAX_INFLIGHT', 'TIMEOUT_SECS'].map(
          (key) => `${prefix}_${key}`,
        ),
      );
    }
  });

  it('places every setting with a default where the loaded configuration has it', () => {
    const config = loadConfig({ HOME: '/nowhere' });
    for (const { section, key, fallback } of ALL_SETTINGS) {
      const values = config[section as keyof Config];
      expect(values).toBeDefined();
      if (fallback !== undefined) expect(values).toHaveProperty(key);
    }
  });

  it('has defaults that its own schemas accept', () => {
    for (const { schema, fallback, env } of ALL_SETTINGS) {
      if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) continue;
      expect([env, schema.safeParse(`${fallback as string | number}`).data]).toEqual([env, fallback]);
    }
  });
});
