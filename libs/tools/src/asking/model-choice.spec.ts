import { loadConfig } from '#libs/config';
import { Metrics } from '#libs/observability';
import { ModelRouter, PROVIDERS, ProviderRegistry, Resilience } from '#libs/providers';
import { describe, expect, it } from 'vitest';
import { TOOLS } from '../definitions/index.js';
import { chooseModel, type ChoiceParts } from './model-choice.js';
import { showFile } from './prompt.js';
import { tokenBudget } from './token-budget.js';

const config = loadConfig({ KIMI_API_KEY: 'sk-a-key-for-nobody', GLM_API_KEY: 'a-key-for-nobody.either' });
const router = new ModelRouter(ProviderRegistry.build(PROVIDERS, config), new Resilience(new Metrics()));

const chat = TOOLS.find((tool) => tool.name === 'chat');
if (chat?.kind !== 'simple') throw new Error('chat is a simple tool');

function choose(more: Partial<ChoiceParts> = {}, attempt = 1) {
  return chooseModel(
    router,
    {
      tool: chat as Extract<typeof chat, { kind: 'simple' }>,
      model: 'auto',
      text: 'Why?',
      files: [],
      wanted: {},
      conversation: { id: 'x', turns: [], remainingTurns: 50, commit: async () => Promise.resolve() },
      failures: [],
      limits: {},
      ...more,
    },
    attempt,
  );
}

function files(tokens: number) {
  return [showFile({ path: '/notes.md', content: 'x'.repeat(tokens * 4) })];
}

describe('choice of a model', () => {
  it('takes a named model as it is, whatever it lacks', () => {
    const wanted = { webSearch: true, thinkingMode: 'max' } as const;
    const route = choose({ model: 'moonshot-v1-8k', wanted, files: files(50_000) });
    expect(route).toMatchObject({ card: { id: 'moonshot-v1-8k' }, reason: 'explicit' });
    expect(() => choose({ model: 'no-such-model' })).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_FOUND' }) as Error,
    );
  });

  it('looks for what the caller asked for', () => {
    expect(choose({ wanted: { webSearch: true } }).card.webSearch).toBe(true);
    expect(choose({ wanted: { thinkingMode: 'high' } }).card.reasoning.kind).not.toBe('none');
  });

  it('takes a larger model only when the files need one', () => {
    const fast = choose();
    const { fileThreshold } = tokenBudget(fast.card);
    expect(choose({ files: files(fileThreshold) }).card.id).toBe(fast.card.id);
    const larger = choose({ files: files(fileThreshold + 1) });
    expect(tokenBudget(larger.card).fileThreshold).toBeGreaterThan(fileThreshold);
  });

  it('falls back to the ordinary choice when no model is large enough', () => {
    expect(choose({ files: files(2_000_000) }).card.id).toBe(choose().card.id);
  });

  it('keeps to the models that the token of the caller permits', () => {
    const limits = { models: ['moonshot-v1-128k'] };
    expect(choose({ limits }).card.id).toBe('moonshot-v1-128k');
    expect(() => choose({ limits, model: 'kimi-k2.6' })).toThrowError(
      expect.objectContaining({ code: 'MODEL_RESTRICTED' }) as Error,
    );
  });

  it('takes one that sees when there are images, and never one that does not', () => {
    expect(choose({ images: 1 }).card.images).toBe(true);
    expect(choose({ images: 1, model: 'kimi-k2.6' })).toMatchObject({ card: { id: 'kimi-k2.6' } });
    expect(() => choose({ images: 1, model: 'moonshot-v1-128k' })).toThrowError(
      expect.objectContaining({
        code: 'MODEL_CAPABILITY',
        message: expect.stringContaining('takes no images') as string,
        details: expect.objectContaining({
          suggestions: expect.arrayContaining(['kimi-k2.6']) as unknown,
        }) as object,
      }) as Error,
    );
    const limits = { models: ['moonshot-v1-128k'] };
    expect(() => choose({ images: 1, limits })).toThrowError(
      expect.objectContaining({
        code: 'NO_MODEL_AVAILABLE',
        message: expect.stringContaining('takes no images') as string,
      }) as Error,
    );
  });

  it('goes on to another model after a failure', () => {
    const { provider, id: model } = choose().card;
    const failures = [{ provider, model, code: 'PROVIDER_UNAVAILABLE' }];
    expect(choose({ failures }, 2)).toMatchObject({ reason: 'fallback' });
    expect(choose({ failures }, 2).card.provider).not.toBe(provider);
  });
});
