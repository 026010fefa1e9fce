import { keyOf, type RequestId } from './message.js';

interface Preparing {
  readonly abort: AbortController;
  readonly length: number;
}

/** Calls that are made ready and not sent yet. */
export class PreparingCalls {
  private readonly entries = new Map<string, Preparing>();

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /** Of their lines together. */
  get length(): number {
    return [...this.entries.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** @param use what to do with a call that is ready, unless it was cancelled meanwhile */
  async run<T>(
    line: string,
    id: RequestId,
    work: (signal: AbortSignal) => Promise<T>,
    use: (prepared: T) => void,
  ): Promise<void> {
    const key = keyOf(id);
    const abort = new AbortController();
    this.entries.set(key, { abort, length: line.length });
    try {
      const result = await work(abort.signal);
      if (!abort.signal.aborted) use(result);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      if (this.entries.get(key)?.abort === abort) this.entries.delete(key);
    }
  }

  /** False when there is no such call. */
  cancel(id: RequestId): boolean {
    const entry = this.entries.get(keyOf(id));
    this.entries.delete(keyOf(id));
    entry?.abort.abort();
    return entry !== undefined;
  }

  stop(): void {
    for (const { abort } of this.entries.values()) abort.abort();
    this.entries.clear();
  }
}
