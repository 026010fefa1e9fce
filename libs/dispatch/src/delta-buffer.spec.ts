import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaBuffer } from './delta-buffer.js';

describe('DeltaBuffer', () => {
  it('keeps all text in order and every piece small enough for a NOTIFY payload', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3_000 })), (deltas) => {
        const pieces: string[] = [];
        const buffer = new DeltaBuffer((text) => pieces.push(text));
        for (const delta of deltas) buffer.push(delta);
        buffer.flush();
        expect(pieces.join('')).toBe(deltas.join(''));
        for (const piece of pieces) expect(Buffer.byteLength(JSON.stringify(piece))).toBeLessThan(7_500);
      }),
    );
  });

  it('sends words of one moment together', async () => {
    const pieces: string[] = [];
    const buffer = new DeltaBuffer((text) => pieces.push(text));
    for (const word of ['one ', 'two ', 'three']) buffer.push(word);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(pieces).toEqual(['one two three']);
  });
});
