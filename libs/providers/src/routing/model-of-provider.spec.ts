import { loadConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../descriptors/index.js';
import { ProviderRegistry } from '../provider-registry.js';
import { Resilience } from '../resilience/resilience.js';
import { ModelRouter } from './model-router.js';
import type { ModelWish, RouteDecision } from './route-decision.js';

const KIMI = { KIMI_API_KEY: 'sk-test-key-of-kimi' };
const GLM = { GLM_API_KEY: 'test-key-of-glm' };
const resilience = new Resilience(new Metrics());

function choose(wish: Partial<ModelWish> = {}, env: Record<string, string> = {}): RouteDecision {
  const registry = ProviderRegistry.build(PROVIDERS, loadConfig({ ...KIMI, ...GLM, ...env }));
  const whole: ModelWish = { model: 'auto', category: 'BALANCED', requires: {}, failures: [], ...wish };
  return new ModelRouter(registry, resilience).chooseOf('kimi', whole);
}

function refusal(wish: Partial<ModelWish>, env?: Record<string, string>): ExaiError {
  try {
    const { card } = choose(wish, env);
    throw new Error(`${card.id} was chosen`);
  } catch (error) {
    if (error instanceof ExaiError) return error;
    throw error;
  }
}

describe('without a name', () => {
  it.each<[string, Partial<ModelWish>, Record<string, string>, string]>([
    ['the first of the category', {}, {}, 'kimi-k2.6'],
    [
      'the default of the operator, if it is one of the provider',
      {},
      { EXAI_DEFAULT_MODEL: 'kimi-k3' },
      'kimi-k3',
    ],
    ['not the default of another provider', {}, { EXAI_DEFAULT_MODEL: 'glm-4.6' }, 'kimi-k2.6'],
    ['one the operator allows', {}, { KIMI_ALLOWED_MODELS: 'kimi-k2.5' }, 'kimi-k2.5'],
    ['one the token permits', { allowedModels: ['kimi-k3', 'glm-4.6'] }, {}, 'kimi-k3'],
    ['one that can do it', { requires: { webSearch: true } }, { EXAI_DEFAULT_MODEL: 'kimi-k3' }, 'kimi-k2.6'],
    ['one that the prompt fits in', { requires: { contextTokens: 400_000 } }, {}, 'kimi-k3'],
    ['one of its own where the operator routes elsewhere', {}, { EXAI_ROUTE_BALANCED: 'glm-4.6' }, 'kimi-k3'],
  ])('it is %s', (_what, wish, env, expected) => {
    const { card, reason, next } = choose(wish, env);
    expect([card.id, reason]).toEqual([expected, 'default']);
    expect(next).toEqual({ provider: 'kimi', model: expected, sameProvider: true });
  });

  it.each<[string, Partial<ModelWish>, Record<string, string>, string]>([
    ['the token permits none', { allowedModels: ['glm-4.6'] }, {}, 'MODEL_RESTRICTED'],
    [
      'none can do it',
      { requires: { webSearch: true } },
      { KIMI_ALLOWED_MODELS: 'kimi-k3' },
      'MODEL_CAPABILITY',
    ],
    ['the prompt is too long for all', { requires: { contextTokens: 2_000_000 } }, {}, 'CONTEXT_TOO_LARGE'],
    ['there is no key', {}, { KIMI_API_KEY: '' }, 'PROVIDER_NOT_CONFIGURED'],
  ])('it tells why when %s', (_what, wish, env, code) => {
    expect(refusal(wish, env).code).toBe(code);
  });
});

describe('with a name', () => {
  it.each(['kimi-k2.5', 'KIMI-K2.5', ' kimi/kimi-k2.5 '])('%j is that model', (model) => {
    const { card, reason } = choose({ model });
    expect([card.id, reason]).toEqual(['kimi-k2.5', 'explicit']);
  });

  it('of another provider is a wrong argument, and is never replaced', () => {
    for (const model of ['glm-4.6', 'glm/glm-4.6']) {
      const { code, details } = refusal({ model });
      expect(code).toBe('INVALID_ARGUMENT');
      expect(details['issues']).toEqual([
        {
          pointer: '/model',
          expected: expect.stringMatching(
            /^a model of kimi, such as (kimi-[\w.-]+(, )?){3}; glm-4\.6 is one of glm$/,
          ) as string,
        },
      ]);
    }
  });

  it('of nobody, or of a retired model, is answered with models of the provider alone', () => {
    const unknown = refusal({ model: 'kimi-k9' });
    expect(unknown.code).toBe('MODEL_NOT_FOUND');
    const incapable = refusal({ model: 'kimi-k3', requires: { webSearch: true } });
    expect(incapable.code).toBe('MODEL_CAPABILITY');
    for (const { details } of [unknown, incapable]) {
      const suggestions = details.suggestions ?? [];
      expect(suggestions.length).toBeGreaterThan(0);
      expect(suggestions.filter((name) => !/^(kimi|moonshot)-/.test(name))).toEqual([]);
    }
    expect(refusal({ model: 'kimi-k2-0905-preview' }).code).toBe('MODEL_RETIRED');
  });

  it('needs the key, whose variable it names', () => {
    const { code, details } = refusal({ model: 'kimi-k2.6' }, { KIMI_API_KEY: '' });
    expect([code, details['variable']]).toEqual(['PROVIDER_NOT_CONFIGURED', 'KIMI_API_KEY']);
  });
});
