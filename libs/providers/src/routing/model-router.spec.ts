import { loadConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../descriptors/index.js';
import { ROUTING_CATEGORIES } from '../catalogue/model-card.js';
import { defineProvider } from '../define.js';
import { ProviderRegistry } from '../provider-registry.js';
import { Resilience } from '../resilience/resilience.js';
import { ModelRouter } from './model-router.js';
import type { ModelWish } from './route-decision.js';

const KIMI = { KIMI_API_KEY: 'sk-test-key-of-kimi' };
const GLM = { GLM_API_KEY: 'test-key-of-glm' };
const resilience = new Resilience(new Metrics());

function routerFor(env: Record<string, string> = { ...KIMI, ...GLM }, entries = PROVIDERS): ModelRouter {
  return new ModelRouter(ProviderRegistry.build(entries, loadConfig(env)), resilience);
}

function wish(extra: Partial<ModelWish> = {}): ModelWish {
  return { model: 'auto', category: 'EXTENDED_REASONING', requires: {}, failures: [], ...extra };
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

function failed(provider: string, model: string, code: string): ModelWish['failures'][number] {
  return { provider, model, code };
}

const CARD = { contextWindow: 200_000, maxOutputTokens: 8_000, intelligence: 1 };
const TINY = {
  id: 'tiny',
  title: 'Tiny',
  api: 'openai-chat',
  baseUrl: 'https://tiny.test/v1',
  keyless: true,
  priority: 90,
};

describe('a named model', () => {
  const router = routerFor(KIMI);

  it('is used on every attempt, whatever failed', () => {
    const failures = [failed('kimi', 'kimi-k3', 'PROVIDER_UNAVAILABLE')];
    for (const attempt of [1, 2, 3]) {
      const decision = router.choose(wish({ model: 'Kimi-K3', failures }), attempt);
      expect(decision.card.id).toBe('kimi-k3');
      expect(decision.reason).toBe('explicit');
      expect(decision.next).toEqual({ provider: 'kimi', model: 'kimi-k3', sameProvider: true });
    }
  });

  it('is never replaced by the default or the thread', () => {
    const withDefault = routerFor({ ...KIMI, ...GLM, EXAI_DEFAULT_MODEL: 'glm' });
    const decision = withDefault.choose(wish({ model: 'kimi', previousModel: 'glm-5.2' }), 1);
    expect(decision.card.id).toBe('kimi-k2.6');
  });

  it.each([
    ['kimi-k99', 'MODEL_NOT_FOUND', {}],
    ['kimi-latest', 'MODEL_RETIRED', { replacedBy: 'kimi-k2.6', suggestions: ['kimi-k2.6'] }],
    ['glm-5.3', 'PROVIDER_NOT_CONFIGURED', { provider: 'glm', variable: 'GLM_API_KEY' }],
    ['simulator-1', 'PROVIDER_NOT_CONFIGURED', { variable: 'EXAI_SIMULATOR' }],
  ])('%s is refused with %s', (model, code, details) => {
    const error = refusal(() => router.choose(wish({ model }), 1));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject(details);
  });

  it('is refused when the operator excludes it', () => {
    const restricted = routerFor({ ...KIMI, KIMI_ALLOWED_MODELS: 'kimi-k2.6' });
    const error = refusal(() => restricted.choose(wish({ model: 'kimi-k3' }), 1));
    expect(error.code).toBe('MODEL_RESTRICTED');
    expect(error.details.suggestions).toEqual(['kimi-k2.6']);
  });

  it.each([
    ['moonshot-v1-128k', { images: true }, 'takes no images'],
    ['kimi-k3', { webSearch: true }, 'has no web search'],
  ])('%s is refused for %j with the models that can', (model, requires, why) => {
    const error = refusal(() => router.choose(wish({ model, requires }), 1));
    expect(error.code).toBe('MODEL_CAPABILITY');
    expect(error.details.reason).toBe(`${model} ${why}`);
    expect(error.details.suggestions).toContain('kimi-k2.6');
  });

  it('is refused for a prompt over its window, not for a tight one', () => {
    const model = 'moonshot-v1-128k';
    expect(router.choose(wish({ model, requires: { contextTokens: 120_000 } }), 1).card.id).toBe(model);
    const error = refusal(() => router.choose(wish({ model, requires: { contextTokens: 140_000 } }), 1));
    expect(error.code).toBe('CONTEXT_TOO_LARGE');
    expect(error.details['limit']).toBe(131_072);
  });

  it.each([
    [{ tools: true }, 'calls no functions'],
    [{ files: true }, 'keeps no files'],
  ])('is refused for %j when it cannot', (requires, why) => {
    const weak = defineProvider({ ...TINY, models: [{ ...CARD, id: 'tiny-1', tools: false }] });
    const error = refusal(() =>
      routerFor(KIMI, [...PROVIDERS, weak]).choose(wish({ model: 'tiny-1', requires }), 1),
    );
    expect(error.code).toBe('MODEL_CAPABILITY');
    expect(error.details.reason).toBe(`tiny-1 ${why}`);
    expect(error.details.suggestions).toContain('kimi-k2.6');
  });

  it('is found under its provider, and under names with a slash or a suffix of their own', () => {
    const mirror = defineProvider({
      ...TINY,
      models: [
        { ...CARD, id: 'vendor/kimi-k3' },
        { ...CARD, id: 'vendor/kimi-k3:free' },
      ],
    });
    const both = routerFor(KIMI, [...PROVIDERS, mirror]);
    const ids = ['kimi/kimi-k3', 'vendor/kimi-k3', 'tiny/vendor/kimi-k3:free'].map((model) => {
      const { card } = both.choose(wish({ model }), 1);
      return [card.provider, card.id];
    });
    expect(ids).toEqual([
      ['kimi', 'kimi-k3'],
      ['tiny', 'vendor/kimi-k3'],
      ['tiny', 'vendor/kimi-k3:free'],
    ]);
    expect(refusal(() => both.choose(wish({ model: 'tiny/kimi-k3' }), 1)).code).toBe('MODEL_NOT_FOUND');
  });

  it('says in its trace what was asked for and what the call needs', () => {
    const requires = { images: true, webSearch: true, contextTokens: 2_000 };
    expect(router.choose(wish({ model: 'kimi', category: 'BALANCED', requires }), 1).trace).toEqual({
      requested: 'kimi',
      chosen: 'kimi-k2.6',
      provider: 'kimi',
      reason: 'explicit',
      category: 'MULTIMODAL',
      requirements: ['images', 'web search', 'a window of 2000 tokens'],
      rejected: [],
    });
  });

  it('need not reason for a caller who asks for thinking', () => {
    const decision = router.choose(wish({ model: 'moonshot-v1-8k', requires: { reasoning: true } }), 1);
    expect(decision.card.id).toBe('moonshot-v1-8k');
  });
});

describe('automatic routing', () => {
  const router = routerFor();

  it.each([
    ['FAST_RESPONSE', 'glm-4.7-flash'],
    ['BALANCED', 'kimi-k2.6'],
    ['EXTENDED_REASONING', 'kimi-k2.6'],
    ['CODE_GENERATION', 'kimi-k2.6'],
    ['LONG_CONTEXT', 'kimi-k3'],
  ] as const)('%s starts with %s', (category, id) => {
    const decision = router.choose(wish({ category }), 1);
    expect(decision.card.id).toBe(id);
    expect(decision.reason).toBe('auto');
  });

  it('starts with the default model, then the thread, then the rest', () => {
    const withDefault = routerFor({ ...KIMI, ...GLM, EXAI_DEFAULT_MODEL: 'glm-4.6' });
    const request = wish({ previousModel: 'glm-4.5' });
    expect(withDefault.choose(request, 1)).toMatchObject({ card: { id: 'glm-4.6' }, reason: 'default' });
    expect(withDefault.choose(request, 2)).toMatchObject({ card: { id: 'glm-4.5' }, reason: 'fallback' });
    expect(withDefault.choose(request, 3).card.id).toBe('kimi-k2.6');
    expect(router.choose(request, 1)).toMatchObject({ card: { id: 'glm-4.5' }, reason: 'thread' });
  });

  it('drops a thread or default model that cannot do what this call needs', () => {
    const withDefault = routerFor({ ...KIMI, ...GLM, EXAI_DEFAULT_MODEL: 'glm-4.6' });
    const decision = withDefault.choose(wish({ previousModel: 'glm-4.5', requires: { images: true } }), 1);
    expect(decision.card.id).toBe('kimi-k2.6');
    expect(decision.trace.rejected).toContainEqual({ model: 'glm-4.6', why: 'takes no images' });
  });

  it('ignores a thread model that is retired, unknown or simulated by now', () => {
    for (const previousModel of ['kimi-latest', 'gone', 'simulator-1']) {
      expect(router.choose(wish({ previousModel }), 1).reason).toBe('auto');
    }
    const { rejected } = router.choose(wish({ previousModel: 'simulator-1' }), 1).trace;
    expect(rejected).toEqual([{ model: 'simulator-1', why: 'its provider is not used now' }]);
  });

  it('takes only what meets the requirements', () => {
    const requires = { images: true, webSearch: true, reasoning: true };
    for (const attempt of [1, 2, 3]) {
      const { card } = router.choose(wish({ requires }), attempt);
      expect([card.images, card.webSearch, card.reasoning.kind !== 'none']).toEqual([true, true, true]);
    }
  });

  it('keeps a quarter of the window free for long prompts', () => {
    const decision = router.choose(
      wish({ category: 'FAST_RESPONSE', requires: { contextTokens: 210_000 } }),
      1,
    );
    expect(decision.card.contextWindow).toBeGreaterThanOrEqual(262_500);
    expect(decision.card.id).toBe('kimi-k3');
  });

  it('follows the order of the operator within a provider', () => {
    const ordered = routerFor({ ...KIMI, KIMI_ALLOWED_MODELS: 'kimi-k2.5,kimi-k3,kimi-k2.6' });
    const ids = [1, 2, 3, 4].map((attempt) => ordered.choose(wish(), attempt).card.id);
    expect(ids).toEqual(['kimi-k2.5', 'kimi-k3', 'kimi-k2.6', 'kimi-k2.5']);
  });

  it('uses the simulator only while nothing else is ready', () => {
    expect(routerFor({}).choose(wish(), 1).card.id).toBe('simulator-1');
    const both = routerFor({ ...KIMI, EXAI_SIMULATOR: 'on' });
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      expect(both.choose(wish(), attempt).card.provider).toBe('kimi');
    }
  });
});

describe('fallback', () => {
  const router = routerFor();

  it('asks another provider first when one fails as a whole, and says so beforehand', () => {
    const first = router.choose(wish(), 1);
    expect(first.next).toEqual({ provider: 'glm', model: 'glm-5.3', sameProvider: false });
    const failures = [failed('kimi', 'kimi-k2.6', 'PROVIDER_UNAVAILABLE')];
    const second = router.choose(wish({ failures }), 2);
    expect(second).toMatchObject({ card: { id: 'glm-5.3' }, reason: 'fallback' });
  });

  it('takes the next candidate when only the model failed', () => {
    const failures = [failed('kimi', 'kimi-k2.6', 'PROVIDER_BAD_RESPONSE')];
    expect(router.choose(wish({ failures }), 2).card.id).toBe('glm-5.3');
    const more = [...failures, failed('glm', 'glm-5.3', 'MODEL_NOT_FOUND')];
    expect(router.choose(wish({ failures: more }), 3).card.id).toBe('kimi-k3');
  });

  it('goes on to a larger window only when the prompt was too large', () => {
    const failures = [failed('kimi', 'kimi-k2.6', 'CONTEXT_TOO_LARGE')];
    const { card } = router.choose(wish({ failures }), 2);
    expect(card.contextWindow).toBeGreaterThan(262_144);
    const error = refusal(() =>
      router.choose(wish({ failures: [failed('kimi', 'kimi-k3', 'CONTEXT_TOO_LARGE')] }), 2),
    );
    expect(error.code).toBe('CONTEXT_TOO_LARGE');
  });

  it('counts attempts that left no failure behind', () => {
    const ids = [1, 2, 3].map((attempt) => router.choose(wish(), attempt).card.id);
    expect(new Set(ids).size).toBe(3);
  });

  it('wraps round to the only candidate, unless asking again is useless', () => {
    const alone = routerFor({});
    const unavailable = [failed('simulator', 'simulator-1', 'PROVIDER_UNAVAILABLE')];
    const again = alone.choose(wish({ failures: unavailable }), 2);
    expect(again).toMatchObject({ card: { id: 'simulator-1' }, reason: 'fallback' });
    expect(again.next).toEqual({ provider: 'simulator', model: 'simulator-1', sameProvider: true });
    const refused = [failed('simulator', 'simulator-1', 'PROVIDER_AUTH')];
    expect(refusal(() => alone.choose(wish({ failures: refused }), 2)).code).toBe('PROVIDER_AUTH');
  });

  it('announces with `next` what it then does', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ROUTING_CATEGORIES),
        fc.record({ images: fc.boolean(), webSearch: fc.boolean(), reasoning: fc.boolean() }),
        (category, requires) => {
          const failures: ModelWish['failures'][number][] = [];
          let announced: { provider: string; model: string } | undefined;
          for (let attempt = 1; attempt <= 10; attempt += 1) {
            const decision = router.choose(wish({ category, requires, failures: [...failures] }), attempt);
            const { id: model, provider } = decision.card;
            if (announced) expect({ provider, model }).toEqual(announced);
            expect(decision.next?.sameProvider).toBe(decision.next?.provider === provider);
            announced = decision.next && { provider: decision.next.provider, model: decision.next.model };
            failures.push(failed(provider, model, 'PROVIDER_UNAVAILABLE'));
          }
        },
      ),
    );
  });
});

describe('no model left', () => {
  it('says which requirement removed which models and what to set', () => {
    const error = refusal(() => routerFor({}).choose(wish({ requires: { webSearch: true } }), 1));
    expect(error.code).toBe('NO_MODEL_AVAILABLE');
    expect(error.details.reason).toBe(
      'simulator-1 (has no web search); set KIMI_API_KEY or GLM_API_KEY to have one that can',
    );
    expect(error.details['variable']).toBe('KIMI_API_KEY');
  });

  it('asks for a key when no provider is ready', () => {
    const error = refusal(() => routerFor({ EXAI_SIMULATOR: 'off' }).choose(wish(), 1));
    expect(error.details.reason).toBe('set KIMI_API_KEY or GLM_API_KEY to have one that can');
  });

  it('names no variable that would not help', () => {
    const error = refusal(() => routerFor({}).choose(wish({ requires: { contextTokens: 9_000_000 } }), 1));
    expect(error.details['variable']).toBeUndefined();
  });
});

describe('the models of a token', () => {
  const router = routerFor();

  it('are the only ones that may be named, by any of their names', () => {
    const allowedModels = ['kimi', 'glm/glm-4.6', 'no-such-model'];
    for (const model of ['kimi-k2.6', 'Kimi', 'kimi/kimi-k2.6', 'glm-4.6']) {
      expect(router.choose(wish({ model, allowedModels }), 1).reason).toBe('explicit');
    }
    const error = refusal(() => router.choose(wish({ model: 'glm-5.3', allowedModels }), 1));
    expect(error.code).toBe('MODEL_RESTRICTED');
    expect(error.details.suggestions).toEqual(['glm-4.6']);
  });

  it('bound the suggestions of every refusal', () => {
    const allowedModels = ['kimi-k3', 'moonshot-v1-8k'];
    const misspelt = refusal(() => router.choose(wish({ model: 'kimi-k4', allowedModels }), 1));
    expect([misspelt.code, misspelt.details.suggestions]).toEqual(['MODEL_NOT_FOUND', ['kimi-k3']]);
    const unable = { model: 'moonshot-v1-8k', requires: { images: true }, allowedModels };
    expect(refusal(() => router.choose(wish(unable), 1)).details.suggestions).toEqual(['kimi-k3']);
  });

  it('bound the automatic choice, default and thread included', () => {
    const withDefault = routerFor({ ...KIMI, ...GLM, EXAI_DEFAULT_MODEL: 'glm-4.6' });
    const request = wish({ previousModel: 'glm-4.5', allowedModels: ['kimi-k3'] });
    const ids = [1, 2, 3].map((attempt) => withDefault.choose(request, attempt).card.id);
    expect(ids).toEqual(['kimi-k3', 'kimi-k3', 'kimi-k3']);
    const { rejected } = withDefault.choose(request, 1).trace;
    expect(rejected).toContainEqual({ model: 'glm-4.6', why: 'is not allowed by the token' });
  });

  it('may be none', () => {
    const error = refusal(() => router.choose(wish({ allowedModels: [] }), 1));
    expect(error.code).toBe('NO_MODEL_AVAILABLE');
    expect(error.details.reason).toContain('(is not allowed by the token)');
    expect(error.details['variable']).toBeUndefined();
  });
});

describe('the cost of a call', () => {
  // 100 000 tokens in, 8 192 out: kimi-k3 is the dear one.
  const requires = { contextTokens: 100_000 };

  it('keeps a named model from a call that may cost more', () => {
    const error = refusal(() => routerFor().choose(wish({ model: 'kimi-k3', requires, maxCostUsd: 0.2 }), 1));
    expect(error.code).toBe('QUOTA_EXCEEDED');
    expect(error.details.reason).toBe('kimi-k3 may cost more than $0.2, the limit of one call');
    expect(error.details.suggestions).toContain('kimi-k2.6');
    expect(error.details.suggestions).not.toContain('kimi-k3');
  });

  it('is held to the lower of the limits of operator and token', () => {
    const limited = routerFor({ ...KIMI, ...GLM, EXAI_MAX_COST_PER_CALL_USD: '0.2' });
    for (const maxCostUsd of [5, undefined]) {
      const request = wish({ model: 'kimi-k3', requires, ...(maxCostUsd !== undefined && { maxCostUsd }) });
      expect(refusal(() => limited.choose(request, 1)).code).toBe('QUOTA_EXCEEDED');
      expect(limited.choose({ ...request, requires: {} }, 1).card.id).toBe('kimi-k3');
    }
    const request = wish({ model: 'glm-4.6', requires, maxCostUsd: 0.001 });
    expect(refusal(() => limited.choose(request, 1)).code).toBe('QUOTA_EXCEEDED');
  });

  it('removes candidates from the automatic choice', () => {
    const decision = routerFor().choose(wish({ requires, maxCostUsd: 0.000_1 }), 1);
    expect(decision.card.price).toMatchObject({ input: 0, output: 0 });
    expect(decision.trace.rejected).toContainEqual({ model: 'kimi-k3', why: 'may cost more than $0.0001' });
  });

  it('is not taken for small where no price is known', () => {
    const unpriced = defineProvider({ ...TINY, models: [{ ...CARD, id: 'tiny-1' }] });
    const router = routerFor({}, [unpriced]);
    expect(router.choose(wish({ model: 'tiny-1' }), 1).card.id).toBe('tiny-1');
    const error = refusal(() => router.choose(wish({ model: 'tiny-1', maxCostUsd: 1 }), 1));
    expect(error.details.reason).toContain('has no known price');
  });
});

describe('the list of the operator for a category', () => {
  const router = routerFor({ ...KIMI, ...GLM, EXAI_ROUTE_BALANCED: 'glm-4.6,kimi,gpt-6-sol' });

  it('is followed in its order, as far as its providers are ready', () => {
    const ids = [1, 2, 3].map((attempt) => router.choose(wish({ category: 'BALANCED' }), attempt).card.id);
    expect(ids).toEqual(['glm-4.6', 'kimi-k2.6', 'glm-4.6']);
  });

  it('concerns no other category', () => {
    expect(router.choose(wish({ category: 'LONG_CONTEXT' }), 1).card.id).toBe('kimi-k3');
  });

  it('still leaves out what cannot do the call', () => {
    const listed = routerFor({ ...KIMI, ...GLM, EXAI_ROUTE_BALANCED: 'kimi-k3,glm-4.6' });
    const { card, trace } = listed.choose(wish({ category: 'BALANCED', requires: { webSearch: true } }), 1);
    expect(card.id).toBe('glm-4.6');
    expect(trace.rejected).toEqual([{ model: 'kimi-k3', why: 'has no web search' }]);
  });
});

describe('models a vendor lists and nobody described', () => {
  const tiny = defineProvider({ ...TINY, discover: true, models: [{ ...CARD, id: 'tiny-1' }] });

  it('are asked only when nothing else can take the call, at once after they are found', () => {
    const registry = ProviderRegistry.build([tiny], loadConfig({}));
    const router = new ModelRouter(registry, resilience);
    expect(refusal(() => router.choose(wish({ requires: { images: true } }), 1)).code).toBe(
      'NO_MODEL_AVAILABLE',
    );
    registry.discover('tiny', [{ id: 'found-1', images: true, contextWindow: 900_000 }]);
    expect(router.choose(wish({ requires: { images: true } }), 1).card.id).toBe('found-1');
    const ids = [1, 2, 3].map((attempt) => router.choose(wish(), attempt).card.id);
    expect(ids).toEqual(['tiny-1', 'tiny-1', 'tiny-1']);
    expect(router.choose(wish({ model: 'found-1' }), 1).reason).toBe('explicit');
  });
});

it('decides in well under a millisecond', () => {
  const vendors = PROVIDERS.map(({ id }) => id).filter((id) => !['simulator', 'ollama'].includes(id));
  const keys = vendors.map((id) => [`${id.toUpperCase()}_API_KEY`, `sk-test-key-of-${id}`]);
  const router = routerFor(Object.fromEntries(keys) as Record<string, string>);
  const request = wish({ requires: { images: true, contextTokens: 50_000 }, maxCostUsd: 10 });
  for (let index = 0; index < 500; index += 1) router.choose(request, 1);
  const before = process.cpuUsage();
  for (let index = 0; index < 2_000; index += 1) router.choose(request, 1);
  expect(process.cpuUsage(before).user / 2_000).toBeLessThan(250);
});
