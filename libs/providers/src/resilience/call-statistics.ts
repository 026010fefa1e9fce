import { TimeBuckets } from './time-buckets.js';

const STEP_MS = 10_000;
const STEPS = 30;
const GOOD = 0;
const BAD = 1;
const FIRST_DURATION = 2;
/** Each bucket of durations ends this much above the one before; the last ends above 10 minutes. */
const RATIO = 1.15;
const DURATIONS = 97;

/** How requests of the last five minutes went. Fixed memory. */
export class CallStatistics {
  private readonly buckets = new TimeBuckets(STEP_MS, STEPS, FIRST_DURATION + DURATIONS);

  succeeded(durationMs: number): void {
    const now = this.buckets.stepOf(Date.now());
    const place = Math.floor(Math.log(Math.max(1, durationMs)) / Math.log(RATIO));
    this.buckets.add(now, GOOD);
    this.buckets.add(now, FIRST_DURATION + Math.min(DURATIONS - 1, place));
  }

  failed(): void {
    this.buckets.add(this.buckets.stepOf(Date.now()), BAD);
  }

  /** 0 to 1; undefined = no requests. */
  successRate(): number | undefined {
    const good = this.total(GOOD);
    const all = good + this.total(BAD);
    return all === 0 ? undefined : good / all;
  }

  /** At most 15 % above the exact value; undefined = no answers. */
  p95Ms(): number | undefined {
    let above = this.total(GOOD) * 0.05;
    if (above === 0) return undefined;
    for (let place = DURATIONS - 1; place >= 0; place -= 1) {
      above -= this.total(FIRST_DURATION + place);
      if (above < 0) return Math.round(RATIO ** (place + 1));
    }
    return undefined;
  }

  private total(lane: number): number {
    const now = this.buckets.stepOf(Date.now());
    return this.buckets.sum(now - STEPS + 1, now, lane);
  }
}
