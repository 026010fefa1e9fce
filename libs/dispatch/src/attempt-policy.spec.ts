import { catalogue, ERROR_CODES, ExaiError, type ErrorCode } from '#libs/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayUntilNextAttempt, MIN_ATTEMPT_MS, type FailedAttempt } from './attempt-policy.js';

const LONG = 1_000_000;

function failed(code: ErrorCode, more: Partial<FailedAttempt> = {}, retryAfterMs?: number): FailedAttempt {
  return {
    error: new ExaiError(code, retryAfterMs === undefined ? {} : { retryAfterMs }),
    attempt: 1,
    maxAttempts: 10,
    remainingMs: LONG,
    deltaSent: false,
    ...more,
  };
}

/** The same model of the same provider would be asked again. */
const SAME = { next: { sameProvider: true, sameModel: true } };

const attempt = fc.integer({ min: 1, max: 9 });
const code = fc.constantFrom(...ERROR_CODES);
const next = fc.option(fc.record({ sameProvider: fc.boolean(), sameModel: fc.boolean() }), {
  nil: undefined,
});
const retryAfter = fc.option(fc.integer({ min: 0, max: 120_000 }), { nil: undefined });

describe('delay until the next attempt', () => {
  it('is a full jitter over 250 ms doubled per attempt, at most 8 s', () => {
    fc.assert(
      fc.property(attempt, (count) => {
        const delay = delayUntilNextAttempt(failed('PROVIDER_UNAVAILABLE', { ...SAME, attempt: count }));
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(8_000, 250 * 2 ** (count - 1)));
      }),
    );
  });

  it('uses the whole width of the jitter', () => {
    const delays = Array.from({ length: 400 }, () => {
      return delayUntilNextAttempt(failed('PROVIDER_UNAVAILABLE', { ...SAME, attempt: 9 })) ?? NaN;
    });
    expect(Math.min(...delays)).toBeLessThan(800);
    expect(Math.max(...delays)).toBeGreaterThan(7_200);
  });

  it('honours what the same provider asks for up to a minute, and gives up beyond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120_000 }), attempt, (asked, count) => {
        const delay = delayUntilNextAttempt(
          failed('PROVIDER_RATE_LIMITED', { ...SAME, attempt: count }, asked),
        );
        if (asked > 60_000) {
          expect(delay).toBeUndefined();
        } else {
          expect(delay).toBeGreaterThanOrEqual(asked);
          expect(delay).toBeLessThanOrEqual(asked + 250);
        }
      }),
    );
  });

  it('waits for an open circuit as for a provider that asked for patience', () => {
    const delay = delayUntilNextAttempt(failed('CIRCUIT_OPEN', SAME, 4_000));
    expect(delay).toBeGreaterThanOrEqual(4_000);
    expect(delay).toBeLessThanOrEqual(4_250);
  });

  it('is nothing when another provider is next', () => {
    const other = { sameProvider: false, sameModel: false };
    fc.assert(
      fc.property(attempt, retryAfter, (count, asked) => {
        const facts = failed('PROVIDER_RATE_LIMITED', { attempt: count, next: other }, asked);
        expect(delayUntilNextAttempt(facts)).toBe(0);
      }),
    );
  });

  it('never reaches past the deadline', () => {
    fc.assert(
      fc.property(
        fc.record({ code, attempt, next, retryAfter, remainingMs: fc.integer({ min: -1_000, max: 70_000 }) }),
        fc.integer({ min: 0, max: 70_000 }),
        (facts, reserved) => {
          const { next: following, code: failure, retryAfter: asked, ...rest } = facts;
          const own = failed(failure, rest, asked);
          const delay = delayUntilNextAttempt(
            { ...own, ...(following && { next: following }) },
            () => reserved,
          );
          if (delay === undefined) return;
          expect(delay + MIN_ATTEMPT_MS).toBeLessThanOrEqual(facts.remainingMs);
          expect(delay).toBeGreaterThanOrEqual(reserved);
        },
      ),
    );
  });

  it('reserves a further attempt only when there is to be one, and within the time that is left', () => {
    fc.assert(
      fc.property(code, attempt, fc.boolean(), (failure, count, deltaSent) => {
        let asked: number | undefined;
        const facts = failed(failure, { attempt: count, deltaSent, remainingMs: 30_000 });
        const delay = delayUntilNextAttempt(facts, (withinMs) => {
          asked = withinMs;
          return 0;
        });
        expect(asked === undefined).toBe(delay === undefined);
        if (asked !== undefined) expect(asked).toBe(30_000 - MIN_ATTEMPT_MS);
      }),
    );
  });
});

describe('a further attempt', () => {
  it('is made once after a broken answer', () => {
    const broken = (count: number) =>
      delayUntilNextAttempt(failed('PROVIDER_BAD_RESPONSE', { attempt: count }));
    expect(broken(1)).toBeDefined();
    expect(broken(2)).toBeUndefined();
  });

  it('is made elsewhere only where another model is next', () => {
    const elsewhere = ERROR_CODES.filter((name) => catalogue[name].retry === 'elsewhere');
    expect(elsewhere).toContain('PROVIDER_AUTH');
    for (const name of elsewhere) {
      const after = (sameProvider: boolean, sameModel: boolean) =>
        delayUntilNextAttempt(failed(name, { next: { sameProvider, sameModel } }));
      expect(after(true, true)).toBeUndefined();
      expect(after(false, false)).toBe(0);
      expect(delayUntilNextAttempt(failed(name))).toBeUndefined();
    }
  });

  it('is never made once text has reached the caller, or the attempts are used up', () => {
    fc.assert(
      fc.property(code, attempt, next, (failure, count, following) => {
        const own = failed(failure, { attempt: count });
        const facts = { ...own, ...(following && { next: following }) };
        expect(delayUntilNextAttempt({ ...facts, deltaSent: true })).toBeUndefined();
        expect(delayUntilNextAttempt({ ...facts, maxAttempts: count })).toBeUndefined();
      }),
    );
  });

  it('is never made for what only the caller can repeat', () => {
    for (const name of ERROR_CODES.filter((row) => ['caller', 'never'].includes(catalogue[row].retry))) {
      expect(delayUntilNextAttempt(failed(name))).toBeUndefined();
    }
  });
});
