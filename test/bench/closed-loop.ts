import { percentile } from './stats.js';

export interface LoopOrder {
  /** Calls open at any time: each caller sends the next one when it has its answer. */
  readonly callers: number;
  /** Before the measured time; not counted. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoopResult {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  /** All calls, those of the warm-up included: what processor time is divided by. */
  readonly totalCalls: number;
}

/** Runs `call` in as many endless loops as there are callers and measures what ends within the measured time. */
export async function closedLoop(
  { callers, warmUpMs, measureMs }: LoopOrder,
  call: (caller: number) => Promise<void>,
): Promise<LoopResult> {
  const latencies: number[] = [];
  const from = performance.now() + warmUpMs;
  const until = from + measureMs;
  let totalCalls = 0;
  const loop = async (caller: number): Promise<void> => {
    for (;;) {
      const sentAt = performance.now();
      if (sentAt >= until) return;
      await call(caller);
      const endedAt = performance.now();
      totalCalls += 1;
      if (endedAt >= from && endedAt < until) latencies.push(endedAt - sentAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)));
  return {
    callsPerSecond: latencies.length / (measureMs / 1_000),
    p50: percentile(latencies, 50),
    p95: percentile(latencies, 95),
    totalCalls,
  };
}
