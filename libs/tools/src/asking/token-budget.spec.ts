import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateTokens } from '#libs/providers';
import { tokenBudget, windowForFiles } from './token-budget.js';

describe('estimate', () => {
  it('counts prose, code and CJK differently', () => {
    expect(estimateTokens('x'.repeat(400))).toBe(100);
    expect(estimateTokens('x'.repeat(350), '/a/b.ts')).toBe(100);
    expect(estimateTokens('x'.repeat(400), '/a/notes.md')).toBe(100);
    expect(estimateTokens('漢'.repeat(100))).toBe(60);
    expect(estimateTokens('')).toBe(0);
  });
});

describe('budget', () => {
  it('shares small and large windows as specified', () => {
    expect(tokenBudget({ contextWindow: 100_000, maxOutputTokens: 8_000 })).toEqual({
      content: 60_000,
      response: 8_000,
      files: 18_000,
      history: 30_000,
      fileThreshold: 10_800,
      thresholdPercent: 60,
    });
    expect(tokenBudget({ contextWindow: 1_000_000, maxOutputTokens: 500_000 })).toEqual({
      content: 800_000,
      response: 200_000,
      files: 320_000,
      history: 320_000,
      fileThreshold: 256_000,
      thresholdPercent: 80,
    });
  });

  it('finds the window that is large enough for the files', () => {
    fc.assert(
      fc.property(fc.nat(600_000), (tokens) => {
        const contextWindow = windowForFiles(tokens);
        const { fileThreshold } = tokenBudget({ contextWindow, maxOutputTokens: 1 });
        // Rounding down three times costs at most two tokens.
        expect(fileThreshold).toBeGreaterThanOrEqual(tokens - 2);
      }),
    );
  });
});
