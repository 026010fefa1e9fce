import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.js';

function split(chunks: readonly Buffer[], maxBytes = 1_000_000): (string | null)[] {
  const seen: (string | null)[] = [];
  const splitter = new LineSplitter(maxBytes, {
    onLine: (line) => seen.push(line),
    onTooLong: () => seen.push(null),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return seen;
}

const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
describe('LineSplitter', () => {
  it('gives back every line, however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), fc.boolean(), (lines, cuts, windows) => {
        const bytes = Buffer.from(lines.map((text) => `${text}${windows ? '\r' : ''}\n`).join(''));
        const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...places].map((start, index) => bytes.subarray(start, places[index]));
        expect(split(chunks)).toEqual(lines);
      }),
    );
  });

  it('drops a line over the limit once, in whatever pieces it comes, and goes on with the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 7 }), (extra, size) => {
        const bytes = Buffer.from(`ok\n${'x'.repeat(20 + extra)}\nafter\n`);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(split(chunks, 20)).toEqual(['ok', null, 'after']);
      }),
    );
  });

  it('counts bytes, not characters, and takes a line of exactly the limit', () => {
    expect(split([Buffer.from('ééé\n')], 6)).toEqual(['ééé']);
    expect(split([Buffer.from('éééé\n')], 6)).toEqual([null]);
  });

  it('skips empty lines and takes a last line without an end', () => {
    expect(split([Buffer.from('\n\r\n{"a":1}\n\n{"b":2}')])).toEqual(['{"a":1}', '{"b":2}']);
  });
});
