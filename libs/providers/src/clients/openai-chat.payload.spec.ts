import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { applyQuirks, buildPayload } from './openai-chat.payload.js';
import { Catalogue } from '../catalogue/catalogue.js';
import type { ProviderQuirks } from '../define.js';
import { PROVIDERS } from '../descriptors/index.js';
import { modelCardSchema, type ModelCard } from '../catalogue/model-card.js';
import type { CompletionRequest, ThinkingMode } from '../model-client.js';

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
  return buildPayload({ model, messages, correlationId: 'id', streamed: false, ...extra }, quirks);
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
  it('asks for the usage in the last chunk, where the vendor knows the option', () => {
    const streamed = { stream: true, stream_options: { include_usage: true } };
    expect(bodyFor('kimi-k2.6', { streamed: true })).toMatchObject(streamed);
    expect(bodyFor('glm-4.6', { streamed: true })).toMatchObject({ stream: true });
    expect(bodyFor('glm-4.6', { streamed: true })).not.toHaveProperty('stream_options');
  });

  it('is not asked for from a model that cannot', () => {
    const card = modelCardSchema.parse({ ...PLAIN, streaming: false });
    expect(bodyOf(card, { streamed: true })).not.toHaveProperty('stream');
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

describe('messages', () => {
  const card = modelCardSchema.parse({ ...PLAIN, images: true });

  it('carry images, tool calls and their answers in the shapes of the dialect', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', mediaType: 'image/png', data: 'iVBORw0K' },
        ],
      },
      {
        role: 'assistant',
        content: '',
        reasoning: 'I look it up.',
        toolCalls: [{ id: 'call-1', name: 'look', arguments: '{"at":1}' }],
      },
      { role: 'tool', toolCallId: 'call-1', name: 'look', content: 'a cat' },
      { role: 'assistant', content: 'A cat.', reasoning: 'It is one.' },
    ] as const;
    expect(bodyOf(card, { messages })['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
        ],
      },
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'I look it up.',
        tool_calls: [{ id: 'call-1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
      },
      { role: 'tool', tool_call_id: 'call-1', name: 'look', content: 'a cat' },
      { role: 'assistant', content: 'A cat.' },
    ]);
    const strict = { ...quirksOf('simulator'), omitInMessages: ['reasoning_content', 'name'] };
    const sent = bodyOf(card, { messages }, strict)['messages'] as object[];
    expect(sent[2]).not.toHaveProperty('reasoning_content');
    expect(sent[3]).not.toHaveProperty('name');
  });

  it('give instructions in the role of the vendor', () => {
    const quirks = { ...quirksOf('simulator'), systemRole: 'developer' as const };
    const messages = [{ role: 'system', content: 'Be brief.' }] as const;
    expect(bodyOf(card, { messages }, quirks)['messages']).toEqual([
      { role: 'developer', content: 'Be brief.' },
    ]);
  });

  it('open the first question with the instructions where there is no role for them, be it an image', () => {
    const noSystem = { ...card, systemPrompt: false };
    const image = { type: 'image', mediaType: 'image/png', data: 'x' } as const;
    const system = { role: 'system', content: 'Be brief.' } as const;
    const asked = bodyOf(noSystem, { messages: [system, { role: 'user', content: [image] }] });
    expect((asked['messages'] as { content: unknown[] }[])[0]?.content[0]).toEqual({
      type: 'text',
      text: 'Be brief.',
    });
    expect(bodyOf(noSystem, { messages: [system] })['messages']).toEqual([
      { role: 'user', content: 'Be brief.' },
    ]);
  });

  it.each([
    [
      'images',
      { messages: [{ role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'x' }] }] },
    ],
    ['tools', { tools: [{ name: 'f', parameters: {} }] }],
  ] as const)('with %s are refused for a model that takes none', (ability, extra) => {
    const unable = { ...card, [ability]: false };
    expect(() => bodyOf(unable, extra)).toThrow(expect.objectContaining({ code: 'MODEL_CAPABILITY' }));
    expect(() => bodyOf(card, extra)).not.toThrow();
  });
});

describe('tools', () => {
  const tools = [{ name: 'f', description: 'Does it.', parameters: { type: 'object' } }];
  const wire = { type: 'function', function: tools[0] };

  it.each([
    [undefined, undefined],
    ['auto', 'auto'],
    ['required', 'required'],
    ['none', 'none'],
    [{ name: 'f' }, { type: 'function', function: { name: 'f' } }],
  ] as const)('go with the choice %j', (toolChoice, sent) => {
    const body = bodyFor('simulator-1', { tools, ...(toolChoice && { toolChoice }) });
    expect(body['tools']).toEqual([wire]);
    expect(body['tool_choice']).toEqual(sent);
  });

  it('become what GLM knows of the choice', () => {
    expect(bodyFor('glm-4.6', { tools, toolChoice: 'required' })['tool_choice']).toBe('auto');
    expect(bodyFor('glm-4.6', { tools, toolChoice: 'none' })).not.toHaveProperty('tools');
    const searching = bodyFor('glm-4.6', { tools, toolChoice: 'none', webSearch: true });
    expect(searching['tools']).toEqual([expect.objectContaining({ type: 'web_search' })]);
    expect(searching).not.toHaveProperty('tool_choice');
  });

  it('stand beside a search', () => {
    const { tools: sent } = bodyFor('kimi-k2.6', { tools, webSearch: true });
    expect(sent).toEqual([wire, expect.objectContaining({ type: 'builtin_function' })]);
  });
});

describe('quirks of a vendor', () => {
  const base = quirksOf('simulator');

  it('ask for thinking by effort alone', () => {
    const quirks = { ...base, thinkingStyle: 'effort' as const };
    const efforts = ['low', 'medium', 'high'];
    const card = modelCardSchema.parse({ ...PLAIN, reasoning: { kind: 'effort', efforts } });
    const sent = (mode: ThinkingMode, model = card): unknown => {
      const body = bodyOf(model, { thinkingMode: mode }, quirks);
      return Object.fromEntries(Object.entries(body).filter(([name]) => /think|reason/.test(name)));
    };
    expect(sent('minimal')).toEqual({ reasoning_effort: 'low' });
    expect(sent('max')).toEqual({ reasoning_effort: 'high' });
    const off = modelCardSchema.parse({ ...PLAIN, reasoning: { kind: 'effort', efforts: ['none', 'high'] } });
    expect(sent('minimal', off)).toEqual({ reasoning_effort: 'none' });
    expect(sent('low', off)).toEqual({ reasoning_effort: 'high' });
    const toggle = modelCardSchema.parse({ ...PLAIN, reasoning: { kind: 'toggle' } });
    expect(sent('high', toggle)).toEqual({});
  });

  it('add to every body what the request does not say otherwise, and leave out the usage of a stream', () => {
    const quirks = { ...base, extraBody: { safe: true, temperature: 9 }, streamUsage: false };
    const model = cardOf('simulator-1');
    expect(bodyOf(model, { temperature: 0.5, streamed: true }, quirks)).toMatchObject({
      safe: true,
      temperature: 0.5,
      stream: true,
    });
    expect(bodyOf(model, {}, quirks)).toMatchObject({ safe: true, temperature: 9 });
    expect(bodyOf(model, { streamed: true }, quirks)).not.toHaveProperty('stream_options');
  });
});
