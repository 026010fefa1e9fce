import type { IBreaker } from 'cockatiel';
import type { ResilienceLimits } from './limits.js';
import { TimeBuckets } from './time-buckets.js';
import type { Verdict } from './outcome.js';

const STEPS = 20;
const GOOD = 0;
const BAD = 1;

/** Opens on faults in a row, and on a share of faults among enough requests of the last seconds. */
export class FaultBreaker implements IBreaker {
  /** Part of the library's contract, for circuits that are stored; these are not. */
  state: unknown;
  private inARow = 0;
  private readonly recent: TimeBuckets;

  constructor(
    private readonly limits: ResilienceLimits,
    /** What the outcome now reported says; `nothing` if it is out of date. */
    private readonly lastVerdict: () => Verdict,
  ) {
    this.recent = new TimeBuckets(limits.faultWindowMs / STEPS, STEPS, 2);
  }

  success(): void {
    this.inARow = 0;
    this.recent.add(this.recent.stepOf(Date.now()), GOOD);
  }

  failure(): boolean {
    const verdict = this.lastVerdict();
    if (verdict !== 'fault') return verdict === 'shut';
    this.inARow += 1;
    const now = this.recent.stepOf(Date.now());
    this.recent.add(now, BAD);
    return this.inARow >= this.limits.faultsInARow || this.isShareReached(now);
  }

  /** What was before a circuit closed again says nothing about now. */
  reset(): void {
    this.inARow = 0;
    this.recent.clear();
  }

  private isShareReached(now: number): boolean {
    const from = now - STEPS + 1;
    const bad = this.recent.sum(from, now, BAD);
    const total = bad + this.recent.sum(from, now, GOOD);
    return total >= this.limits.faultSample && bad >= total * this.limits.faultShare;
  }
}
