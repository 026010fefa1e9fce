import { describe, expect, it } from 'vitest';
import { matchingValues } from './matching-values.js';

describe('matchingValues', () => {
  it('puts what begins with the text before what holds it, whatever the case', () => {
    expect(matchingValues(['moonshot-K2', 'glm-5', 'k2-turbo'], ' K2')).toEqual({
      values: ['k2-turbo', 'moonshot-K2'],
      total: 2,
      hasMore: false,
    });
  });

  it('keeps the order it was given while nothing is typed', () => {
    expect(matchingValues(['b', 'a'], '').values).toEqual(['b', 'a']);
  });

  it('gives a hundred values and says how many there are', () => {
    const many = Array.from({ length: 101 }, (_, index) => `value-${index}`);
    expect(matchingValues(many, 'value')).toEqual({ values: many.slice(0, 100), total: 101, hasMore: true });
    expect(matchingValues(many.slice(1), 'value').hasMore).toBe(false);
  });
});
