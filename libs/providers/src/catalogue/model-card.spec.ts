import { describe, expect, it } from 'vitest';
import { modelCardSchema, rankOf, tierOf } from './model-card.js';

const SMALLEST = { id: 'm', provider: 'p', contextWindow: 8_000, maxOutputTokens: 4_000, intelligence: 1 };

function fault(extra: object): string | undefined {
  return modelCardSchema.safeParse({ ...SMALLEST, ...extra }).error?.issues[0]?.path.join('.');
}

describe('modelCardSchema', () => {
  it('fills in the defaults, so that an entry names only what is particular', () => {
    expect(modelCardSchema.parse(SMALLEST)).toMatchObject({
      status: 'active',
      aliases: [],
      tools: true,
      images: false,
      maxImageSizeMb: 20,
      reasoning: { kind: 'none', alwaysOn: false },
      timeoutMultiplier: 1,
    });
  });

  it.each([
    ['contextWindow', { contextWindow: 0 }],
    ['intelligence', { intelligence: 21 }],
    ['replacedBy', { status: 'retired' }],
    ['reasoning.efforts', { reasoning: { kind: 'effort' } }],
    ['reasoning.maxThinkingTokens', { reasoning: { kind: 'budget' } }],
    ['temperature.min', { temperature: { min: 1, max: 0, default: 0 } }],
    ['', { unheardOf: true }],
  ])('refuses a card with a fault in %s', (path, extra) => {
    expect(fault(extra)).toBe(path);
  });
});

describe('rankOf', () => {
  it('adds window, output and abilities to the curated score', () => {
    expect(rankOf(modelCardSchema.parse(SMALLEST))).toBe(5 + 0 + 0 + 0 + 2);
    const able = { contextWindow: 200_000, maxOutputTokens: 65_536, images: true, intelligence: 10 };
    const card = modelCardSchema.parse({ ...SMALLEST, ...able, reasoning: { kind: 'toggle' } });
    expect(rankOf(card)).toBe(50 + 2 + 2 + 3 + 3);
  });

  it('stays within 0 and 100', () => {
    const giant = { intelligence: 20, contextWindow: 100_000_000, maxOutputTokens: 100_000 };
    expect(rankOf(modelCardSchema.parse({ ...SMALLEST, ...giant }))).toBe(100);
  });
});

describe('tierOf', () => {
  it.each([
    ['free', { input: 0, output: 0 }],
    ['economy', { input: 0.2, output: 1.1 }],
    ['standard', { input: 0.95, output: 4 }],
    ['premium', { input: 3, output: 15 }],
  ] as const)('derives %s from the price', (tier, price) => {
    expect(tierOf(modelCardSchema.parse({ ...SMALLEST, price }))).toBe(tier);
  });

  it('lets the card decide, and takes an unknown price for an ordinary one', () => {
    expect(tierOf(modelCardSchema.parse({ ...SMALLEST, tier: 'premium' }))).toBe('premium');
    expect(tierOf(modelCardSchema.parse(SMALLEST))).toBe('standard');
  });
});
