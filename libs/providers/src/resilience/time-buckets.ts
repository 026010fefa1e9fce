/**
 * Counts by time, in steps, in several lanes. Holds a fixed number of steps: what is older than the newest by more
 * reads as 0, so memory does not grow and nothing has to be swept.
 */
export class TimeBuckets {
  private readonly counts: Float64Array;
  private readonly owners: Float64Array;

  constructor(
    readonly stepMs: number,
    private readonly steps: number,
    private readonly lanes = 1,
  ) {
    this.counts = new Float64Array(steps * lanes);
    this.owners = new Float64Array(steps).fill(-1);
  }

  /** Number of the step a moment lies in. */
  stepOf(atMs: number): number {
    return Math.floor(atMs / this.stepMs);
  }

  add(step: number, lane = 0): void {
    const place = step % this.steps;
    if (this.owners[place] !== step) {
      this.owners[place] = step;
      this.counts.fill(0, place * this.lanes, (place + 1) * this.lanes);
    }
    this.counts[place * this.lanes + lane]! += 1;
  }

  at(step: number, lane = 0): number {
    const place = step % this.steps;
    return this.owners[place] === step ? this.counts[place * this.lanes + lane]! : 0;
  }

  /** Both ends included. */
  sum(from: number, to: number, lane = 0): number {
    let total = 0;
    for (let step = from; step <= to; step += 1) total += this.at(step, lane);
    return total;
  }

  clear(): void {
    this.owners.fill(-1);
  }
}
