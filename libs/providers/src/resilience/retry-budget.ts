import type { ResilienceLimits } from './limits.js';
import { TimeBuckets } from './time-buckets.js';

const STEP_MS = 100;

/**
 * Keeps further attempts a small share of first tries: whenever one is sent, those of the window that ends there
 * are within the share, or within the floor. Knows requests only, so those that were reserved are taken off again.
 */
export class RetryBudget {
  private readonly window: number;
  private readonly horizon: number;
  private readonly requests: TimeBuckets;
  private readonly reserved: TimeBuckets;

  constructor(private readonly limits: ResilienceLimits) {
    this.window = Math.ceil(limits.retryWindowMs / STEP_MS);
    this.horizon = Math.floor(limits.retryHorizonMs / STEP_MS);
    this.requests = new TimeBuckets(STEP_MS, this.window + 1);
    this.reserved = new TimeBuckets(STEP_MS, this.window + this.horizon + 2);
  }

  /** A request goes out now. */
  sent(now: number = Date.now()): void {
    this.requests.add(this.requests.stepOf(now));
  }

  /**
   * Reserves the earliest place for a further attempt.
   * @returns milliseconds to wait, 0 = now; more than `withinMs` = there is no place so soon, and none was reserved
   */
  reserve(withinMs: number, now: number = Date.now()): number {
    const reachMs = Math.min(withinMs, this.limits.retryHorizonMs);
    const first = this.requests.stepOf(now);
    const place = this.findPlace(first, this.requests.stepOf(now + reachMs));
    if (place === undefined) return reachMs + STEP_MS;
    const waitMs = Math.max(0, place * STEP_MS - now);
    if (waitMs > reachMs) return waitMs;
    this.reserved.add(place);
    return waitMs;
  }

  /**
   * The first step whose own window has room, and which lies in no window of a planned attempt that is full.
   * First tries yet to come are unknown and not counted on.
   */
  private findPlace(first: number, last: number): number | undefined {
    const { window } = this;
    let attempts = this.reserved.sum(first - window, first);
    let tries = this.requests.sum(first - window + 1, first) - this.reserved.sum(first - window + 1, first);
    let place: number | undefined;
    for (let step = first; step <= (place ?? last) + window; step += 1) {
      if (step > first) {
        attempts += this.reserved.at(step) - this.reserved.at(step - window - 1);
        const leaving = step - window;
        if (leaving <= first) tries -= this.requests.at(leaving) - this.reserved.at(leaving);
      }
      const hasRoom = attempts + 1 <= Math.max(this.limits.retryFloor, tries * this.limits.retryShare);
      if (!hasRoom && this.reserved.at(step) > 0) place = undefined;
      else if (hasRoom && step <= last) place ??= step;
    }
    return place;
  }
}
