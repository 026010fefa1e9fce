import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESILIENCE_LIMITS } from './limits.js';
import { RetryBudget } from './retry-budget.js';

const { retryFloor, retryShare, retryWindowMs } = RESILIENCE_LIMITS;
const START = 1_700_000_000_000;

interface Sent {
  readonly at: number;
  readonly further: boolean;
}

/** Sends first tries at their times, lets each of the given ones fail at once, and its retry when it may. */
function play(arrivals: readonly { at: number; fails: boolean }[], withinMs: number): Sent[] {
  const budget = new RetryBudget(RESILIENCE_LIMITS);
  const waiting: number[] = [];
  const sent: Sent[] = [];
  const send = (at: number, further: boolean): void => {
    budget.sent(at);
    sent.push({ at, further });
  };
  const sendDue = (until: number): void => {
    waiting.sort((a, b) => a - b);
    while (waiting.length > 0 && waiting[0]! <= until) send(waiting.shift()!, true);
  };
  for (const { at, fails } of [...arrivals].sort((a, b) => a.at - b.at)) {
    sendDue(at);
    send(at, false);
    if (!fails) continue;
    const waitMs = budget.reserve(withinMs, at);
    if (waitMs <= Math.min(withinMs, RESILIENCE_LIMITS.retryHorizonMs)) waiting.push(at + waitMs);
  }
  sendDue(Infinity);
  return sent;
}

/** The largest number of further attempts over what the window that ends with one allows. */
function worstExcess(sent: readonly Sent[]): number {
  let worst = -Infinity;
  for (const { at, further } of sent) {
    if (!further) continue;
    const window = sent.filter((other) => other.at > at - retryWindowMs && other.at <= at);
    const attempts = window.filter((other) => other.further).length;
    const tries = window.length - attempts;
    worst = Math.max(worst, attempts - Math.max(retryFloor, retryShare * tries));
  }
  return worst;
}

describe('RetryBudget', () => {
  it('keeps the share whenever a further attempt is sent, whatever the arrivals', () => {
    const burst = fc.record({
      at: fc.integer({ min: 0, max: 45_000 }),
      size: fc.integer({ min: 1, max: 120 }),
      spacingMs: fc.integer({ min: 0, max: 60 }),
      failing: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const within = fc.constantFrom(Infinity, 30_000, 2_000, 0);
    fc.assert(
      fc.property(fc.array(burst, { minLength: 1, maxLength: 12 }), within, (bursts, withinMs) => {
        const arrivals = bursts.flatMap(({ at, size, spacingMs, failing }) =>
          Array.from({ length: size }, (_, index) => ({
            at: START + at + index * spacingMs,
            fails: index < size * failing,
          })),
        );
        expect(worstExcess(play(arrivals, withinMs))).toBeLessThanOrEqual(0);
      }),
      { numRuns: 150 },
    );
  });

  it('lets thirty go at once however little traffic there is, and spreads the others', () => {
    const budget = new RetryBudget(RESILIENCE_LIMITS);
    const waits = Array.from({ length: 90 }, () => budget.reserve(Infinity, START));
    expect(waits.slice(0, 30)).toEqual(Array<number>(30).fill(0));
    expect(Math.min(...waits.slice(30))).toBeGreaterThanOrEqual(retryWindowMs);
    expect(Math.max(...waits)).toBeLessThan(3 * retryWindowMs);
  });

  it('uses the share to the full under steady load, half of which fails', () => {
    const arrivals = Array.from({ length: 6_000 }, (_, index) => ({
      at: START + index * 10,
      fails: index % 2 === 0,
    }));
    const sent = play(arrivals, 5_000);
    const late = sent.filter(({ at }) => at > START + 20_000 && at <= START + 60_000);
    const attempts = late.filter(({ further }) => further).length;
    expect(attempts / (late.length - attempts)).toBeGreaterThan(0.15);
    expect(worstExcess(sent)).toBeLessThanOrEqual(0);
  });

  it('reserves nothing for a caller who cannot wait so long', () => {
    const budget = new RetryBudget(RESILIENCE_LIMITS);
    for (let index = 0; index < 30; index += 1) budget.reserve(Infinity, START);
    for (let index = 0; index < 1_000; index += 1) {
      expect(budget.reserve(1_000, START)).toBeGreaterThan(1_000);
    }
    // None of the thousand stands in the way of one that can wait.
    expect(budget.reserve(Infinity, START)).toBeLessThan(retryWindowMs + 200);
  });

  it('plans nothing beyond a minute', () => {
    const budget = new RetryBudget(RESILIENCE_LIMITS);
    const waits = Array.from({ length: 1_000 }, () => budget.reserve(Infinity, START));
    const planned = waits.filter((waitMs) => waitMs <= RESILIENCE_LIMITS.retryHorizonMs);
    expect(planned.length).toBeGreaterThanOrEqual(150);
    expect(planned.length).toBeLessThanOrEqual(210);
  });
});
