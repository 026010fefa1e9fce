import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { type ModelCard, modelCardSchema } from '../catalogue/model-card.js';
import { type ProviderQuirks, providerSchema } from '../define.js';
import { anthropic } from '../descriptors/anthropic.provider.js';
import type { ChatMessage, CompletionRequest } from '../model-client.js';
import { buildPayload } from './anthropic-messages.payload.js';

const provider = providerSchema.parse(anthropic);
const HELLO: ChatMessage = { role: 'user', content: 'hello' };
const look = { name: 'look', description: 'Looks.', parameters: { properties: { at: { type: 'number' } } } };
const LOOK = {
  name: 'look',
  description: 'Looks.',
  input_schema: { type: 'object', properties: { at: { type: 'number' } } },
};
const CACHED = { cache_control: { type: 'ephemeral' } };

function cardOf(id: string): ModelCard {
  return modelCardSchema.parse(provider.models.find((model) => model.id === id));
}

function bodyOf(
  id: string | ModelCard,
  extra: Partial<CompletionRequest> = {},
  quirks: Partial<ProviderQuirks> = {},
): Record<string, unknown> {
  const model = typeof id === 'string' ? cardOf(id) : id;
  const request = { model, messages: [HELLO], correlationId: 'id', streamed: false, ...extra };
  return buildPayload(request, { ...provider.quirks, ...quirks });
}

it('sends nothing that was not asked for', () => {
  expect(bodyOf('claude-haiku-4-5')).toEqual({
    model: 'claude-haiku-4-5-20251001',
    max_tokens: 64_000,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
  });
});

it('asks for a stream unless told otherwise or the model has none', () => {
  expect(bodyOf('claude-haiku-4-5', { streamed: true })).toMatchObject({ stream: true });
  const whole = { ...cardOf('claude-haiku-4-5'), streaming: false };
  expect(bodyOf(whole, { streamed: true })).not.toHaveProperty('stream');
});

it.each([
  [500, 500],
  [99_999, 64_000],
])('limits an output of %i to %i', (maxOutputTokens, expected) => {
  expect(bodyOf('claude-haiku-4-5', { maxOutputTokens })['max_tokens']).toBe(expected);
});

describe('the conversation', () => {
  it('goes without its instructions, in turns that alternate', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'two' },
          { type: 'image', mediaType: 'image/png', data: 'AA==' },
        ],
      },
      { role: 'system', content: 'Be kind.' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'a:1', name: 'look', arguments: '{"at":1}' }] },
      { role: 'tool', toolCallId: 'a:1', content: 'seen' },
      { role: 'user', content: 'three' },
    ];
    expect(bodyOf('claude-haiku-4-5', { messages })).toMatchObject({
      system: [{ type: 'text', text: 'Be brief.\n\nBe kind.', ...CACHED }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'one' },
            { type: 'text', text: 'two' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a_1', name: 'look', input: { at: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a_1', content: 'seen' },
            { type: 'text', text: 'three' },
          ],
        },
      ],
    });
  });

  it.each([
    ['', {}],
    ['{"at', { arguments: '{"at' }],
    ['[1]', { arguments: '[1]' }],
  ])('holds the arguments %j of a call as an object', (text, input) => {
    const toolCalls = [{ id: 't', name: 'look', arguments: text }];
    const messages: ChatMessage[] = [HELLO, { role: 'assistant', content: 'x', toolCalls }];
    expect(bodyOf('claude-haiku-4-5', { messages })['messages']).toMatchObject([
      {},
      { content: [{ type: 'text' }, { type: 'tool_use', input }] },
    ]);
  });

  it('opens with the instructions where there is nothing else, or no place for them', () => {
    const system: ChatMessage = { role: 'system', content: 'Be brief.' };
    const alone = bodyOf('claude-haiku-4-5', { messages: [system] });
    expect(alone).not.toHaveProperty('system');
    expect(alone['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Be brief.' }] }]);
    const without = { ...cardOf('claude-haiku-4-5'), systemPrompt: false };
    expect(bodyOf(without, { messages: [system, HELLO] })['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Be brief.' },
          { type: 'text', text: 'hello' },
        ],
      },
    ]);
  });
});

describe('tools', () => {
  it.each([
    [undefined, undefined],
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
    [{ name: 'look' }, { type: 'tool', name: 'look' }],
  ] as const)('are offered with the choice %j', (toolChoice, expected) => {
    const body = bodyOf('claude-haiku-4-5', { tools: [look], ...(toolChoice && { toolChoice }) });
    expect(body['tools']).toEqual([{ ...LOOK, ...CACHED }]);
    expect(body['tool_choice']).toEqual(expected);
  });

  it('leave the mark to the instructions, which the vendor reads after them', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, HELLO];
    expect(bodyOf('claude-haiku-4-5', { tools: [look], messages })['tools']).toEqual([LOOK]);
  });

  it('are forced on a model that does not think, and only then', () => {
    const forced = { tools: [look], toolChoice: 'required' } as const;
    expect(bodyOf('claude-opus-5-5', forced)).toMatchObject({
      tool_choice: { type: 'auto' },
      thinking: { type: 'adaptive' },
    });
    expect(bodyOf('claude-haiku-5-5', forced)).toMatchObject({
      tool_choice: { type: 'any' },
      thinking: { type: 'disabled' },
    });
    expect(bodyOf('claude-haiku-4-5', { ...forced, thinkingMode: 'high' })).toMatchObject({
      tool_choice: { type: 'any' },
      thinking: { type: 'disabled' },
    });
    expect(bodyOf('claude-haiku-4-5', forced, { toolChoice: 'auto' })).toMatchObject({
      tool_choice: { type: 'auto' },
    });
  });

  it('lose the choice without a tool to choose', () => {
    expect(bodyOf('claude-haiku-4-5', { toolChoice: 'required' })).not.toHaveProperty('tool_choice');
  });
});

describe('thinking within a budget', () => {
  it.each([
    ['low', undefined, 2_560],
    ['medium', undefined, 10_560],
    ['high', undefined, 21_440],
    ['max', undefined, 32_000],
    ['max', 8_000, 6_976],
    ['max', 1_500, 1_024],
  ] as const)('at %s of an output of %s is %i, with temperature 1', (thinkingMode, limit, tokens) => {
    const extra = { thinkingMode, temperature: 0.2, ...(limit && { maxOutputTokens: limit }) };
    expect(bodyOf('claude-haiku-4-5', extra)).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: tokens },
      temperature: 1,
    });
  });

  it.each([
    ['minimal', {}],
    ['max', { maxOutputTokens: 1_024 }],
    ['high', { messages: [HELLO, { role: 'tool', toolCallId: 't', content: 'seen' }] }],
  ] as const)('is off at %s with %j, and the temperature free', (thinkingMode, extra) => {
    const request = { thinkingMode, temperature: 0.2, ...extra } as Partial<CompletionRequest>;
    expect(bodyOf('claude-haiku-4-5', request)).toMatchObject({
      thinking: { type: 'disabled' },
      temperature: 0.2,
    });
  });
});

describe('adaptive thinking', () => {
  const shown = { thinking: { type: 'adaptive', display: 'summarized' } };

  it.each([
    ['claude-opus-5-5', 'minimal', { ...shown, output_config: { effort: 'low' } }],
    ['claude-opus-5-5', 'low', { ...shown, output_config: { effort: 'low' } }],
    ['claude-opus-5-5', 'medium', { ...shown, output_config: { effort: 'medium' } }],
    ['claude-opus-5-5', 'high', { ...shown, output_config: { effort: 'high' } }],
    ['claude-opus-5-5', 'max', { ...shown, output_config: { effort: 'max' } }],
    ['claude-haiku-5-5', 'minimal', { thinking: { type: 'disabled' } }],
    ['claude-haiku-5-5', undefined, shown],
    ['claude-opus-5-5', undefined, shown],
  ] as const)('of %s at %s', (id, thinkingMode, expected) => {
    const body = bodyOf(id, { temperature: 0.2, ...(thinkingMode && { thinkingMode }) });
    expect(body).toEqual({
      model: id,
      max_tokens: 128_000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
      ...expected,
    });
  });

  it('goes on after the result of a tool', () => {
    const messages: ChatMessage[] = [HELLO, { role: 'tool', toolCallId: 't', content: 'seen' }];
    expect(bodyOf('claude-opus-5-5', { messages, thinkingMode: 'high' })).toMatchObject(shown);
  });

  it('takes the next best effort, and none is asked of a model that thinks only when told', () => {
    const reasoning = { kind: 'effort', alwaysOn: false, efforts: ['low', 'high'] } as const;
    const model = modelCardSchema.parse({ ...cardOf('claude-opus-5'), reasoning });
    expect(bodyOf(model, { thinkingMode: 'medium' })).toMatchObject({ output_config: { effort: 'high' } });
    expect(bodyOf(model, { thinkingMode: 'max' })).toMatchObject({ output_config: { effort: 'high' } });
    expect(bodyOf(model)).not.toHaveProperty('thinking');
  });
});

describe('temperature', () => {
  it.each([
    [0.2, 0.2],
    [7, 1],
    [-1, 0],
  ])('%d is sent as %d', (temperature, expected) => {
    expect(bodyOf('claude-haiku-4-5', { temperature })['temperature']).toBe(expected);
  });

  it('keeps to a fixed value and to the nearest of a list', () => {
    const card = cardOf('claude-haiku-4-5');
    expect(bodyOf({ ...card, temperature: { fixed: 1 } }, { temperature: 0.2 })['temperature']).toBe(1);
    const listed = { ...card, temperature: { values: [0.3, 1] } };
    expect(bodyOf(listed, { temperature: 0.5 })['temperature']).toBe(0.3);
  });
});

describe('web search', () => {
  const SEARCH = { type: 'web_search_20250305', name: 'web_search', max_uses: 5 };

  it('is a tool of the vendor beside those of the caller', () => {
    expect(bodyOf('claude-haiku-4-5', { webSearch: true, tools: [look] })['tools']).toEqual([
      LOOK,
      { ...SEARCH, ...CACHED },
    ]);
  });

  it.each([
    [{ webSearch: false }, {}, 'x has no web search'],
    [{}, { webSearch: undefined }, 'x has no web search'],
    [
      { reasoning: { kind: 'toggle', alwaysOn: true } },
      { webSearch: { tool: SEARCH, echoToolCalls: false, needsThinkingOff: true } },
      'x always thinks, and anthropic searches the web only without thinking',
    ],
  ])('is refused by the card %j with %j', (card, quirks, reason) => {
    const model = modelCardSchema.parse({ ...cardOf('claude-haiku-4-5'), id: 'x', ...card });
    const refused = (): ExaiError => {
      try {
        throw new Error(`accepted: ${JSON.stringify(bodyOf(model, { webSearch: true }, quirks))}`);
      } catch (error) {
        if (error instanceof ExaiError) return error;
        throw error;
      }
    };
    expect([refused().code, refused().details.reason]).toEqual(['MODEL_CAPABILITY', reason]);
  });
});

describe('what one vendor has of its own', () => {
  it('is added unless the request says otherwise, and left out whoever put it in', () => {
    const quirks = {
      extraBody: { service_tier: 'auto', max_tokens: 1 },
      omit: ['temperature', 'cache_control'],
    };
    const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, HELLO];
    const body = bodyOf('claude-haiku-4-5', { temperature: 0.2, messages }, quirks);
    expect(body).toMatchObject({
      service_tier: 'auto',
      max_tokens: 64_000,
      system: [{ type: 'text', text: 'Be brief.' }],
    });
    expect(JSON.stringify(body)).not.toMatch(/temperature|cache_control/);
  });

  it('may be a field of a tool that is refused', () => {
    const [tool] = bodyOf('claude-haiku-4-5', { tools: [look] }, { omitInTools: ['description'] })[
      'tools'
    ] as object[];
    expect(tool).not.toHaveProperty('description');
  });
});
