import { describe, expect, it } from 'vitest';
import { argumentsHash } from './arguments-hash.js';

const hash = (tool: string, args: Record<string, unknown>) => argumentsHash({ tool, args }).toString('hex');

describe('argumentsHash', () => {
  it('does not see the order of members, at any depth', () => {
    expect(hash('chat', { a: 1, b: [{ c: 2, d: null }] })).toBe(
      hash('chat', { b: [{ d: null, c: 2 }], a: 1 }),
    );
  });

  it.each([
    ['another tool', 'analyze', { prompt: 'x', files: ['a', 'b'] }],
    ['another value', 'chat', { prompt: 'y', files: ['a', 'b'] }],
    ['another order of a list', 'chat', { prompt: 'x', files: ['b', 'a'] }],
    ['one argument more', 'chat', { prompt: 'x', files: ['a', 'b'], stream: false }],
  ])('sees %s', (_what, tool, args) => {
    expect(hash(tool, args)).not.toBe(hash('chat', { prompt: 'x', files: ['a', 'b'] }));
  });
});
