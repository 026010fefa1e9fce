import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Turn } from './conversation.js';
import { trimHistory } from './history.js';

const length = (text: string): number => text.length;

function turns(...contents: string[]): Turn[] {
  return contents.map((content, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content,
    tool: 'chat',
    files: [],
    at: new Date(0),
  }));
}

describe('trimming a conversation', () => {
  it('keeps everything that fits, without a note', () => {
    const all = turns('one', 'two', 'three', 'four');
    expect(trimHistory(all, 100, length)).toEqual({ turns: all });
  });

  it('drops the oldest exchanges first and says which', () => {
    const result = trimHistory(turns('aaaaa', 'bbbbb', 'cc', 'dd', 'ee', 'ff'), 9, length);
    expect(result.turns.map((turn) => turn.content)).toEqual(['cc', 'dd', 'ee', 'ff']);
    expect(result.note).toBe('Turns 1 to 2 of this conversation are left out here because of their length.');
  });

  it('never skips an exchange to reach an older one', () => {
    const result = trimHistory(turns('a', 'b', 'long question', 'long answer', 'c', 'd'), 5, length);
    expect(result.turns.map((turn) => turn.content)).toEqual(['c', 'd']);
  });

  it('keeps whole exchanges within the budget, whatever the lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 12 }), fc.nat(60), (contents, budget) => {
        const kept = trimHistory(turns(...contents), budget, length).turns;
        expect(kept.reduce((sum, turn) => sum + turn.content.length, 0)).toBeLessThanOrEqual(budget);
        if (kept.length > 0) expect(kept[0]?.role).toBe('user');
        expect(kept.map((turn) => turn.content)).toEqual(contents.slice(contents.length - kept.length));
      }),
    );
  });
});
