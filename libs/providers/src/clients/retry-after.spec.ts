import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from './retry-after.js';

const NOW = Date.UTC(2026, 5, 1);

describe('parseRetryAfter', () => {
  it('reads seconds', () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(parseRetryAfter(` ${seconds} `, NOW)).toBe(seconds * 1000);
      }),
    );
    expect(parseRetryAfter('0.5', NOW)).toBe(500);
  });

  it('reads HTTP dates, of which one in the past means now', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (seconds) => {
        const date = new Date(NOW + seconds * 1000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(Math.max(0, seconds * 1000));
      }),
    );
  });

  it('answers anything with undefined or a whole number of milliseconds that is not negative', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String)), (text) => {
        const ms = parseRetryAfter(text, NOW);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });

  it.each([null, undefined, '', 'soon', '-1', '1e9', 'Infinity', '2026-06-01', 'May 1'])(
    'refuses %j',
    (text) => {
      expect(parseRetryAfter(text, NOW)).toBeUndefined();
    },
  );
});
