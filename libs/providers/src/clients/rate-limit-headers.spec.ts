import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRateLimit } from './rate-limit-headers.js';
import { LONGEST_WAIT_MS } from './retry-after.js';

const NOW = Date.UTC(2026, 5, 1);

function read(headers: Record<string, string>): ReturnType<typeof readRateLimit> {
  return readRateLimit(new Headers(headers), NOW);
}

describe('readRateLimit', () => {
  it('reads the three headers of Kimi, however the reset is written', () => {
    const resets: [string, number][] = [
      ['12', 12_000],
      ['6m0s', 360_000],
      ['20ms', 20],
      [String(NOW / 1000 + 30), 30_000],
      [String(NOW + 30_000), 30_000],
      [new Date(NOW + 30_000).toISOString(), 30_000],
      ['2026-05-31T00:00:00Z', 0],
    ];
    for (const [reset, resetMs] of resets) {
      expect(
        read({ 'X-RateLimit-Limit': '500', 'X-RateLimit-Remaining': '499', 'X-RateLimit-Reset': reset }),
      ).toEqual({ limit: 500, remaining: 499, resetMs });
    }
  });

  it('takes the limit with the smallest share left', () => {
    expect(
      read({
        'x-ratelimit-limit-requests': '100',
        'x-ratelimit-remaining-requests': '90',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-limit-tokens': '1000000',
        'x-ratelimit-remaining-tokens': '200000',
        'x-ratelimit-reset-tokens': '6m0s',
      }),
    ).toEqual({ limit: 1_000_000, remaining: 200_000, resetMs: 360_000 });
  });

  it('takes, of limits that are used up, the one that comes back last', () => {
    expect(
      read({
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-06-01T00:00:05Z',
        'anthropic-ratelimit-input-tokens-limit': '1000',
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-06-01T00:01:00Z',
        'anthropic-ratelimit-output-tokens-limit': '1000',
        'anthropic-ratelimit-output-tokens-remaining': '1',
      }),
    ).toEqual({ limit: 1_000, remaining: 0, resetMs: 60_000 });
  });

  it('leaves out what a vendor does not say or says in a way of its own', () => {
    expect(read({ 'content-type': 'text/plain' })).toBeUndefined();
    expect(read({ 'x-ratelimit-reset': '5' })).toBeUndefined();
    expect(read({ 'x-ratelimit-limit': 'many', 'x-ratelimit-remaining': '3' })).toEqual({ remaining: 3 });
    expect(read({ 'x-ratelimit-limit': '5', 'x-ratelimit-reset': 'soon' })).toEqual({ limit: 5 });
  });

  it('never answers with anything but sound numbers', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789.-:TZeEsmh ') }),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(text, text, text, (limit, remaining, reset) => {
        const state = read({
          'x-ratelimit-limit': limit,
          'x-ratelimit-remaining': remaining,
          'x-ratelimit-reset': reset,
        });
        for (const value of Object.values(state ?? {}) as number[]) {
          expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        }
        expect(state?.resetMs ?? 0).toBeLessThanOrEqual(LONGEST_WAIT_MS);
      }),
    );
  });
});
