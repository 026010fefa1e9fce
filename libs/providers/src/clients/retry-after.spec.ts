import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMs, epochMs, LONGEST_WAIT_MS, parseRetryAfter, untilStatedTime } from './retry-after.js';

const NOW = Date.UTC(2026, 5, 1);

/** Nothing, or whole milliseconds a timer can wait. */
function isWait(ms: number | undefined): boolean {
  return ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= LONGEST_WAIT_MS);
}

describe('parseRetryAfter', () => {
  it('reads seconds', () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(parseRetryAfter(` ${seconds} `, NOW)).toBe(Math.min(LONGEST_WAIT_MS, seconds * 1000));
      }),
    );
    expect(parseRetryAfter('0.5', NOW)).toBe(500);
  });

  it('reads HTTP dates, of which one in the past means now', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (seconds) => {
        const date = new Date(NOW + seconds * 1000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(Math.min(LONGEST_WAIT_MS, Math.max(0, seconds * 1000)));
      }),
    );
  });

  it('answers anything with undefined or a whole number of milliseconds that is not negative', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String)), (text) => {
        const ms = parseRetryAfter(text, NOW);
        expect(isWait(ms)).toBe(true);
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

describe('durationMs', () => {
  it.each([
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1h2m3.5s', 3_723_500],
    ['1d', 86_400_000],
    ['7.66', 7_660],
    ['99999d', LONGEST_WAIT_MS],
  ])('reads %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', 's', '-1s', '1 s', '1s later', '1e9s', `${'9'.repeat(41)}s`])('refuses %j', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });

  it('answers anything with a wait or with nothing', () => {
    const part = fc.tuple(fc.double({ min: 0, noNaN: true }), fc.constantFrom('ms', 's', 'm', 'h', 'd', ''));
    const written = fc.array(part, { maxLength: 4 }).map((parts) => parts.flat().join(''));
    fc.assert(fc.property(fc.oneof(fc.string(), written), (text) => isWait(durationMs(text))));
  });
});

describe('epochMs', () => {
  it.each([
    ['1780272000', 1_780_272_000_000],
    ['1780272000123', 1_780_272_000_123],
    ['1780272000.5', 1_780_272_000_500],
  ])('reads %s as a moment', (text, at) => {
    expect(epochMs(text)).toBe(at);
  });

  it.each(['60', '999999999', '0999999999', '', '1e12', '17802720001231231'])(
    'takes %j for no moment',
    (text) => expect(epochMs(text)).toBeUndefined(),
  );
});

describe('untilStatedTime', () => {
  it.each([
    ['Your limit will reset at 2026-06-01 09:00:00', 3_600_000],
    ['\u60a8\u7684\u9650\u989d\u5c06\u5728 2026-06-01 08:00:30 \u91cd\u7f6e', 30_000],
    ['again at 2026-06-01T00:00:05Z', 5_000],
    ['again at 2026-06-01 00:00:05 UTC', 5_000],
    ['again at 2026-06-01T01:00:05.250+01:00', 5_000],
    ['it was 2026-05-01 00:00:00', 0],
    ['some day, 2126-06-01 00:00:00', LONGEST_WAIT_MS],
  ])('reads %j', (text, ms) => {
    expect(untilStatedTime(text, NOW)).toBe(ms);
  });

  it.each(['', 'later', '2026-06-01', '2026-13-41 25:61:61'])('finds no time in %j', (text) => {
    expect(untilStatedTime(text, NOW)).toBeUndefined();
  });
});
