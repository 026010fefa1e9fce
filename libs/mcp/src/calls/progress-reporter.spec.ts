import { type CallProgress } from '#libs/tools';
import { type ServerContext } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProgressReporter } from './progress-reporter.js';

interface Sent {
  readonly progress: number;
  readonly total?: number;
  readonly message: string;
}

function open({ token = 'p', http = {} }: { token?: string | undefined; http?: object } = {}) {
  const sent: Sent[] = [];
  const ctx = {
    mcpReq: {
      _meta: { progressToken: token },
      signal: new AbortController().signal,
      notify({ params }: { params: Sent }) {
        sent.push(params);
        return Promise.resolve();
      },
    },
    http,
  } as unknown as ServerContext;
  return { sent, reporter: new ProgressReporter(ctx, 'call-1') };
}

describe('progress of a call', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('begins at once and is told at least every five seconds, until its end', () => {
    const { sent, reporter } = open();
    expect(sent).toHaveLength(1);
    for (let second = 0; second < 60; second += 5) {
      const before = sent.length;
      vi.advanceTimersByTime(5_000);
      expect(sent.length).toBeGreaterThan(before);
    }
    reporter.stop();
    const atTheEnd = sent.length;
    vi.advanceTimersByTime(60_000);
    reporter.report({ kind: 'phase', message: 'late' });
    expect(sent).toHaveLength(atTheEnd);
  });

  it('rises strictly, passes values of the tool on and mixes its own in between', () => {
    const { sent, reporter } = open();
    const news: CallProgress[] = [
      { kind: 'phase', message: 'running' },
      { kind: 'phase', message: 'begun', progress: 0, total: 100 },
      { kind: 'delta', text: 'some text' },
      { kind: 'phase', message: 'half', progress: 50, total: 100 },
      { kind: 'phase', message: 'still half', progress: 50, total: 100 },
      { kind: 'phase', message: 'back', progress: 10, total: 100 },
      { kind: 'phase', message: 'done', progress: 100, total: 100 },
    ];
    for (const one of news) reporter.report(one);
    reporter.stop();
    const values = sent.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    expect(values).toContain(50);
    expect(values.at(-1)).toBe(100);
    expect(sent.at(-1)?.total).toBe(100);
  });

  it('is at most 120 characters of a message', () => {
    const { sent, reporter } = open();
    reporter.report({ kind: 'phase', message: 'x'.repeat(500) });
    reporter.stop();
    expect(sent.at(-1)?.message).toHaveLength(120);
  });

  it('lets go of a stream that can be taken up again, when it is asked to and after five minutes', () => {
    const closeSSE = vi.fn();
    const { reporter } = open({ http: { closeSSE } });
    reporter.report({ kind: 'release' });
    expect(closeSSE).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(5 * 60_000);
    expect(closeSSE).toHaveBeenCalledTimes(2);
    reporter.stop();
    reporter.report({ kind: 'release' });
    expect(closeSSE).toHaveBeenCalledTimes(2);
  });
});
