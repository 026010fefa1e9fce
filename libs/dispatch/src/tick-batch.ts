/** Sends what was added within one turn of the event loop as one batch, so that 100 calls cost one statement. */
export class TickBatch<In, Out> {
  private pending: { item: In; resolve: (out: Out) => void; reject: (error: unknown) => void }[] = [];
  private readonly deliveries = new Set<Promise<void>>();
  private sentAt = -Infinity;

  /**
   * @param send gets the items in order and answers one result per item
   * @param limit largest batch
   * @param gapMs least time between two batches that are not full; what is added alone after it goes at once
   */
  constructor(
    private readonly send: (items: readonly In[]) => Promise<readonly Out[]>,
    private readonly limit = 64,
    private readonly gapMs = 0,
  ) {}

  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.pending.push({ item, resolve, reject });
      if (this.pending.length === 1) this.flushSoon();
      else if (this.pending.length >= this.limit) this.flush();
    });
  }

  /** Sends what waits; resolves when everything that was added has its result. */
  async drain(): Promise<void> {
    this.flush();
    await Promise.all(this.deliveries);
  }

  private flushSoon(): void {
    const restMs = this.sentAt + this.gapMs - performance.now();
    if (restMs > 0) setTimeout(() => this.flush(), restMs);
    else setImmediate(() => this.flush());
  }

  private flush(): void {
    const batch = this.pending;
    if (batch.length === 0) return;
    this.pending = [];
    this.sentAt = performance.now();
    const delivery = this.deliver(batch).finally(() => this.deliveries.delete(delivery));
    this.deliveries.add(delivery);
  }

  private async deliver(batch: typeof this.pending): Promise<void> {
    try {
      const results = await this.send(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      if (batch.length > 1 && isDataError(error)) {
        // One row that PostgreSQL cannot take must not fail its neighbours.
        for (const entry of batch) await this.deliver([entry]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}

/** SQLSTATE classes 22 (data) and 23 (constraint): the row is at fault, not the connection. */
function isDataError(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^2[23]...$/.test(code);
}
