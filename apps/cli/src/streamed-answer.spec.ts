import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamedAnswer } from './streamed-answer.js';

function print(pieces: readonly string[], content: string): string {
  let out = '';
  const answer = new StreamedAnswer((text) => (out += text));
  for (const piece of pieces) answer.push(piece);
  answer.finish(content);
  return out;
}

describe('StreamedAnswer', () => {
  it('ends with the whole answer, whatever pieces were lost', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), fc.array(fc.boolean()), (pieces, kept) => {
        const content = pieces.join('');
        const out = print(
          pieces.filter((_, index) => kept[index] ?? true),
          content,
        );
        expect(out.trimEnd().endsWith(content.trim())).toBe(true);
      }),
    );
  });

  it('adds nothing but the line end to a complete stream', () => {
    expect(print(['Hel', 'lo'], 'Hello')).toBe('Hello\n');
    expect(print(['Hello\n'], 'Hello')).toBe('Hello\n');
    expect(print(['\nHello'], 'Hello')).toBe('\nHello\n');
  });

  it('prints what is missing at the end', () => {
    expect(print(['Hel'], 'Hello\n')).toBe('Hello\n');
    expect(print([], 'Hello')).toBe('Hello\n');
  });

  it('prints the whole on a line of its own when the pieces are not its beginning', () => {
    expect(print(['Hel', 'x'], 'Hello')).toBe('Helx\nHello\n');
    expect(print(['first try\n'], 'Hello')).toBe('first try\nHello\n');
  });

  it('prints nothing for an empty answer', () => {
    expect(print([], '')).toBe('');
  });
});
