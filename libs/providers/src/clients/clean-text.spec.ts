import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, TextCleaner } from './clean-text.js';

describe('TextCleaner', () => {
  it('gives back any sound text, wherever it was cut, even inside a pair of code units', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(60)), (text, cuts) => {
        const sound = text.replaceAll('\0', '');
        const edges = [0, ...cuts.filter((at) => at < sound.length).sort((a, b) => a - b), sound.length];
        const cleaner = new TextCleaner();
        const pieces = edges.slice(1).map((end, index) => cleaner.add(sound.slice(edges[index], end)));
        expect(pieces.join('')).toBe(sound);
      }),
    );
  });

  it('lets nothing through that PostgreSQL refuses', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '\0', '\ud83d', '\ude42') })), (pieces) => {
        const cleaner = new TextCleaner();
        const cleaned = pieces.map((piece) => cleaner.add(piece)).join('');
        expect(cleaned).not.toMatch(/[\0\p{Surrogate}]/u);
        expect(cleanText(pieces.join(''))).not.toMatch(/[\0\p{Surrogate}]/u);
      }),
    );
  });

  it('leaves NUL out and marks half a character', () => {
    const cleaner = new TextCleaner();
    expect(cleaner.add('a\0b\ude42c\ud83d')).toBe('ab\uFFFDc');
    expect(cleaner.add('d')).toBe('\uFFFDd');
  });
});
