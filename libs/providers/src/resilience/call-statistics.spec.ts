import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallStatistics } from './call-statistics.js';

describe('CallStatistics', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('says nothing before the first request', () => {
    const statistics = new CallStatistics();
    expect([statistics.successRate(), statistics.p95Ms()]).toEqual([undefined, undefined]);
  });

  it('tells the share of good requests and the time that nineteen of twenty stay below', () => {
    const statistics = new CallStatistics();
    for (let ms = 1; ms <= 1_000; ms += 1) statistics.succeeded(ms);
    for (let index = 0; index < 250; index += 1) statistics.failed();
    expect(statistics.successRate()).toBe(0.8);
    expect(statistics.p95Ms()).toBeGreaterThanOrEqual(950);
    expect(statistics.p95Ms()).toBeLessThanOrEqual(950 * 1.15);
  });

  it('forgets what is older than five minutes', () => {
    const statistics = new CallStatistics();
    statistics.failed();
    vi.advanceTimersByTime(240_000);
    statistics.succeeded(100);
    expect(statistics.successRate()).toBe(0.5);
    vi.advanceTimersByTime(120_000);
    expect(statistics.successRate()).toBe(1);
    vi.advanceTimersByTime(300_000);
    expect(statistics.successRate()).toBeUndefined();
  });

  it('takes a request of no time and one of an hour', () => {
    const statistics = new CallStatistics();
    statistics.succeeded(0);
    expect(statistics.p95Ms()).toBe(1);
    for (let index = 0; index < 100; index += 1) statistics.succeeded(3_600_000);
    expect(statistics.p95Ms()).toBeGreaterThan(600_000);
  });
});
