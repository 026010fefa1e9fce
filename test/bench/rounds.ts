import { type LoopResult } from './closed-loop.js';
import { median } from './stats.js';

export interface Figures {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  /** Processor seconds of the measured server processes per 1,000 calls. */
  readonly cpuPer1000: number;
}

/** One thing to measure: its load, and the processor time of those who bear it. */
export interface Subject {
  readonly run: () => Promise<LoopResult>;
  readonly cpu: () => number;
}

/**
 * Measures all subjects in turn, `rounds` times over, and takes the median of each figure: what else happens on
 * the machine then falls on all of them alike.
 */
export async function interleaved(subjects: readonly Subject[], rounds: number): Promise<Figures[]> {
  const samples: Figures[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) samples[index]?.push(await sample(subject));
  }
  return samples.map((taken) => ({
    callsPerSecond: median(taken.map(({ callsPerSecond }) => callsPerSecond)),
    p50: median(taken.map(({ p50 }) => p50)),
    p95: median(taken.map(({ p95 }) => p95)),
    cpuPer1000: median(taken.map(({ cpuPer1000 }) => cpuPer1000)),
  }));
}

async function sample({ run, cpu }: Subject): Promise<Figures> {
  const before = cpu();
  const { totalCalls, ...figures } = await run();
  return { ...figures, cpuPer1000: ((cpu() - before) / totalCalls) * 1_000 };
}
