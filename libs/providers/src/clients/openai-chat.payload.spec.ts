import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { applyQuirks, buildPayload } from './openai-chat.payload.js';
import { Catalogue } from '../catalogue/catalogue.js';
import type { ProviderQuirks } from '../define.js';
import { PROVIDERS } from '../descriptors/index.js';
import { modelCardSchema, type ModelCard } from '../catalogue/model-card.js';
import type { CompletionRequest } from '../model-client.js';

const catalogue = Catalogue.build(PROVIDERS);

function cardOf(name: string): ModelCard {
  const card = catalogue.find(name);
  if (!card) throw new Error(`no model ${name}`);
  return card;
}

function quirksOf(id: string): ProviderQuirks {
  const provider = catalogue.providers.find((candidate) => candidate.id === id);
  if (!provider) throw new Error(`no provider ${id}`);
  return provider.quirks;
}

function bodyFor(name: string, extra: Partial<CompletionRequest> = {}): Record<string, unknown> {
  const model = cardOf(name);
  return bodyOf(model, extra, quirksOf(model.provider));
}

function bodyOf(
  model: ModelCard,
  extra: Partial<CompletionRequest> = {},
  quirks = quirksOf('simulator'),
): Record<string, unknown> {
  const messages = [{ role: 'user', content: 'hello' }] as const;
  return buildPayload({ model, messages, correlationId: 'id', ...extra }, quirks);
}

const PLAIN = { id: 'm', provider: 'p', contextWindow: 100_000, maxOutputTokens: 4_000, intelligence: 1 };

it('sends nothing that was not asked for', () => {
  expect(bodyFor('kimi-k2.6')).toEqual({
    model: 'kimi-k2.6',
    messages: [{ role: 'user', content: 'hello' }],
  });
});

it('uses the name of the wire where it differs', () => {
  expect(bodyOf(modelCardSchema.parse({ ...PLAIN, apiModel: 'vendor/M' }))['model']).toBe('vendor/M');
});

describe('output limit', () => {
  it('goes into the field of the vendor, within what the model can do', () => {
    expect(bodyFor('kimi-k3', { maxOutputTokens: 500 })).toMatchObject({ max_completion_tokens: 500 });
    expect(bodyFor('glm-4.5v', { maxOutputTokens: 99_999 })).toMatchObject({ max_tokens: 16_384 });
  });
});

describe('temperature', () => {
  it.each([
    ['kimi-k2.6', 0.2, {}],
    ['kimi-k3', 1, {}],
    ['moonshot-v1-8k', 0.2, { temperature: 0.2 }],
    ['moonshot-v1-8k', 0, { temperature: 0 }],
    ['moonshot-v1-8k', 7, { temperature: 1 }],
    ['glm-4.6', 0.2, { temperature: 0.2 }],
    ['glm-4.6', 0, { do_sample: false }],
    ['glm-4.6', -1, { do_sample: false }],
    ['glm-4.6', 1.5, { temperature: 1 }],
  ])('%s asked for %d', (name, temperature, expected) => {
    expect(bodyFor(name, { temperature })).toEqual({ ...bodyFor(name), ...expected });
  });

  it('keeps to a fixed value and to the nearest of a list', () => {
    const fixed = modelCardSchema.parse({ ...PLAIN, temperature: { fixed: 1 } });
    expect(bodyOf(fixed, { temperature: 0.2 })).toMatchObject({ temperature: 1 });
    const listed = modelCardSchema.parse({ ...PLAIN, temperature: { values: [0.3, 1] } });
    expect(bodyOf(listed, { temperature: 0.5 })).toMatchObject({ temperature: 0.3 });
    expect(bodyOf(listed)).not.toHaveProperty('temperature');
  });
});

describe('thinking mode', () => {
  const off = { thinking: { type: 'disabled' } };
  const on = { thinking: { type: 'enabled' } };

  it.each([
    ['kimi-k2.6', 'minimal', off],
    ['kimi-k2.6', 'low', on],
    ['kimi-k2.6', 'max', on],
    ['kimi-k2.7-code', 'minimal', {}],
    ['kimi-k2.7-code', 'high', {}],
    ['kimi-k3', 'minimal', { reasoning_effort: 'low' }],
    ['kimi-k3', 'low', { reasoning_effort: 'low' }],
    ['kimi-k3', 'medium', { reasoning_effort: 'high' }],
    ['kimi-k3', 'high', { reasoning_effort: 'high' }],
    ['kimi-k3', 'max', { reasoning_effort: 'max' }],
    ['glm-5.2', 'minimal', off],
    ['glm-5.2', 'low', { ...on, reasoning_effort: 'high' }],
    ['glm-5.2', 'max', { ...on, reasoning_effort: 'max' }],
    ['glm-5.3', 'minimal', { reasoning_effort: 'low' }],
    ['moonshot-v1-8k', 'high', {}],
  ] as const)('%s at %s', (name, thinkingMode, expected) => {
    expect(bodyFor(name, { thinkingMode })).toEqual({ ...bodyFor(name), ...expected });
  });

  it.each([
    ['minimal', 160],
    ['low', 2_560],
    ['medium', 10_560],
    ['high', 21_440],
    ['max', 32_000],
  ] as const)('takes its share of a budget at %s', (thinkingMode, tokens) => {
    const reasoning = { kind: 'budget', maxThinkingTokens: 32_000 };
    const body = bodyOf(modelCardSchema.parse({ ...PLAIN, reasoning }), { thinkingMode });
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: tokens });
  });

  it('never asks for less than the smallest budget', () => {
    const reasoning = { kind: 'budget', maxThinkingTokens: 1_000 };
    const body = bodyOf(modelCardSchema.parse({ ...PLAIN, reasoning }), { thinkingMode: 'minimal' });
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 128 });
  });
});

describe('web search', () => {
  it('switches the search of Kimi on and its thinking off', () => {
    expect(bodyFor('kimi-k2.6', { webSearch: true, thinkingMode: 'max' })).toMatchObject({
      tools: [{ type: 'builtin_function', function: { name: '$web_search' } }],
      thinking: { type: 'disabled' },
    });
  });

  it('switches the search of GLM on beside its thinking', () => {
    expect(bodyFor('glm-4.6', { webSearch: true, thinkingMode: 'high' })).toMatchObject({
      tools: [{ type: 'web_search', web_search: { enable: true, search_engine: 'search-prime', count: 10 } }],
      thinking: { type: 'enabled' },
    });
  });

  it.each([
    ['kimi-k3', 'always thinks'],
    ['kimi-k2.7-code', 'always thinks'],
    ['glm-4.6v', 'has no web search'],
    ['simulator-1', 'has no web search'],
  ])('is refused for %s before any call', (name, reason) => {
    try {
      bodyFor(name, { webSearch: true });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ExaiError);
      expect(error).toMatchObject({ code: 'MODEL_CAPABILITY', details: { model: name } });
      expect((error as ExaiError).details.reason).toContain(reason);
    }
  });
});

describe('streaming', () => {
  const onDelta = (): void => undefined;

  it('asks for the usage in the last chunk, where the vendor knows the option', () => {
    const streamed = { stream: true, stream_options: { include_usage: true } };
    expect(bodyFor('kimi-k2.6', { onDelta })).toMatchObject(streamed);
    expect(bodyFor('glm-4.6', { onDelta })).toMatchObject({ stream: true });
    expect(bodyFor('glm-4.6', { onDelta })).not.toHaveProperty('stream_options');
  });

  it('is not asked for from a model that cannot', () => {
    const card = modelCardSchema.parse({ ...PLAIN, streaming: false });
    expect(bodyOf(card, { onDelta })).not.toHaveProperty('stream');
  });
});

it('puts the system text before the first question where there is no system role', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'assistant', content: 'Hi.' },
    { role: 'user', content: 'One?' },
    { role: 'user', content: 'Two?' },
  ] as const;
  const body = bodyOf(modelCardSchema.parse({ ...PLAIN, systemPrompt: false }), { messages });
  expect(body['messages']).toEqual([
    { role: 'assistant', content: 'Hi.' },
    { role: 'user', content: 'Be brief.\n\nOne?' },
    { role: 'user', content: 'Two?' },
  ]);
});

describe('applyQuirks', () => {
  const body = {
    model: 'm',
    messages: [{ role: 'user', name: 'ann', content: 'x' }],
    tools: [{ type: 'function', function: { name: 'f', strict: true } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    frequency_penalty: 1,
    presence_penalty: 1,
    stream_options: { include_usage: true },
  };

  it('takes out all that GLM refuses', () => {
    expect(applyQuirks(body, quirksOf('glm'))).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'auto',
    });
    expect(applyQuirks({ ...body, tool_choice: 'none' }, quirksOf('glm'))).not.toHaveProperty('tools');
  });

  it('leaves a body alone where there is nothing to mind', () => {
    expect(applyQuirks(body, quirksOf('simulator'))).toEqual(body);
  });
});
