import { modelCardSchema } from '#libs/providers';
import { describe, expect, it } from 'vitest';
import { fitOptions } from './model-options.js';

function card(more: object) {
  return modelCardSchema.parse({
    provider: 'p',
    id: 'm',
    contextWindow: 100_000,
    maxOutputTokens: 1_000,
    intelligence: 5,
    ...more,
  });
}

const defaults = { temperature: 0.5, webSearch: true };

describe('options for a model', () => {
  it('uses the defaults of the tool as far as the model can, without a warning', () => {
    expect(fitOptions({}, defaults, card({}))).toEqual({ temperature: 0.5, warnings: [] });
    expect(fitOptions({}, defaults, card({ webSearch: true, temperature: { fixed: 1 } }))).toEqual({
      temperature: 1,
      webSearch: true,
      warnings: [],
    });
    expect(fitOptions({}, defaults, card({ temperature: false }))).toEqual({ warnings: [] });
  });

  it('warns of every wish of the caller that is not met', () => {
    const wanted = { temperature: 0.9, thinkingMode: 'high', webSearch: true } as const;
    expect(fitOptions(wanted, defaults, card({ temperature: { values: [0, 1] } }))).toEqual({
      temperature: 1,
      warnings: [
        'temperature changed to 1: m does not accept the requested value',
        'thinking_mode not used: m is not a reasoning model',
        'use_websearch not used: m cannot search the web',
      ],
    });
    expect(fitOptions({ temperature: 0.9 }, defaults, card({ temperature: false })).warnings).toEqual([
      'temperature not used: m does not accept the requested value',
    ]);
  });

  it('grants what the model can do, and does not search when told not to', () => {
    const able = card({ webSearch: true, reasoning: { kind: 'toggle' } });
    expect(fitOptions({ webSearch: false }, defaults, able)).toEqual({ temperature: 0.5, warnings: [] });
    expect(fitOptions({ temperature: 0.2, thinkingMode: 'max' }, defaults, able)).toEqual({
      temperature: 0.2,
      thinkingMode: 'max',
      warnings: [],
    });
    expect(fitOptions({ thinkingMode: 'low', webSearch: true }, defaults, able)).toMatchObject({
      thinkingMode: 'low',
      webSearch: true,
    });
  });
});
