import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProgressLine } from './progress-line.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function start(isTty: boolean) {
  const written: string[] = [];
  const line = new ProgressLine({ isTty, columns: 30, write: (text) => written.push(text) });
  return { line, written };
}

describe('ProgressLine', () => {
  it('is one line that changes on a terminal, and is gone at the end', () => {
    const { line, written } = start(true);
    line.set('asking simulator-1');
    vi.advanceTimersByTime(400);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(600);
    expect(written.at(-1)).toBe('\r\u001b[2Kasking simulator-1, 1 s');
    line.set('a message that is longer than the terminal is wide, 3 s');
    vi.advanceTimersByTime(250);
    expect(written.at(-1)?.replace('\r\u001b[2K', '')).toHaveLength(29);
    line.stop();
    expect(written.at(-1)).toBe('\r\u001b[2K');
    const { length } = written;
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(length);
  });

  it('is a line every ten seconds elsewhere, and nothing for a short call', () => {
    const { line, written } = start(false);
    line.set('queued');
    vi.advanceTimersByTime(9_999);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(15_001);
    line.stop();
    expect(written).toEqual(['queued, 10 s\n', 'queued, 20 s\n']);
  });
});
