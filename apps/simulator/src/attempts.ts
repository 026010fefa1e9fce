const CAPACITY = 20_000;

/** Counts the requests made under one request id, so that "fail twice, then answer" needs no shared state. */
export class Attempts {
  private readonly counts = new Map<string, number>();

  constructor(private readonly capacity = CAPACITY) {}

  /** The number of this attempt, from 1. */
  next(requestId: string): number {
    const attempt = (this.counts.get(requestId) ?? 0) + 1;
    // Deleting first moves the id to the end: the ids least recently used are forgotten.
    this.counts.delete(requestId);
    this.counts.set(requestId, attempt);
    if (this.counts.size > this.capacity) {
      const [oldest] = this.counts.keys();
      if (oldest !== undefined) this.counts.delete(oldest);
    }
    return attempt;
  }
}
