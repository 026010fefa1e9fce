import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type CallProgress } from '../tool.js';
import { SharedRuns, type Waiter } from './shared-runs.js';

function waiter() {
  const abort = new AbortController();
  const news: CallProgress[] = [];
  return {
    abort,
    news,
    signal: abort.signal,
    onProgress: (progress: CallProgress) => void news.push(progress),
  };
}

/** Work whose end the test decides. */
function work() {
  const end = new EventEmitter();
  const starts: Waiter[] = [];
  const start = async (shared: Waiter): Promise<string> => {
    starts.push(shared);
    // Rejects on the event `error`, and with an AbortError when nobody waits any more.
    const [outcome] = (await once(end, 'found', { signal: shared.signal })) as [string];
    return outcome;
  };
  return {
    found: () => end.emit('found', 'it'),
    fail: (error: Error) => end.emit('error', error),
    starts,
    start,
  };
}

describe('work that several wait for', () => {
  it('is done once, and its outcome and news go to all of them', async () => {
    const runs = new SharedRuns<string>();
    const { found, starts, start } = work();
    const [one, two] = [waiter(), waiter()];
    const both = [runs.join('key', one, start), runs.join('key', two, start)];
    starts[0]?.onProgress({ kind: 'phase', message: 'thinking' });
    found();
    expect(await Promise.all(both)).toEqual([
      { outcome: 'it', isFirst: true },
      { outcome: 'it', isFirst: false },
    ]);
    expect(starts).toHaveLength(1);
    expect([one.news, two.news]).toEqual(Array(2).fill([{ kind: 'phase', message: 'thinking' }]));
  });

  it('is another for another key, and anew once it is over', async () => {
    const runs = new SharedRuns<string>();
    const { found, starts, start } = work();
    const both = [runs.join('a', waiter(), start), runs.join('b', waiter(), start)];
    found();
    await Promise.all(both);
    const again = runs.join('a', waiter(), start);
    found();
    await again;
    expect(starts).toHaveLength(3);
  });

  it('fails for all of them with the same error', async () => {
    const runs = new SharedRuns<string>();
    const { fail, start } = work();
    const both = [runs.join('key', waiter(), start), runs.join('key', waiter(), start)];
    const error = new Error('down');
    fail(error);
    const results = await Promise.allSettled(both);
    expect(results).toEqual(Array(2).fill({ status: 'rejected', reason: error }));
  });

  it('goes on for the others when one of them is cancelled, whoever began it', async () => {
    const runs = new SharedRuns<string>();
    const { found, starts, start } = work();
    const [one, two] = [waiter(), waiter()];
    const [first, second] = [runs.join('key', one, start), runs.join('key', two, start)];
    one.abort.abort('cancelled');
    await expect(first).rejects.toBe('cancelled');
    expect(starts[0]?.signal.aborted).toBe(false);
    found();
    expect(await second).toEqual({ outcome: 'it', isFirst: true });
  });

  it('is stopped when nobody waits any more, and who comes then begins anew', async () => {
    const runs = new SharedRuns<string>();
    const { found, starts, start } = work();
    const [one, two] = [waiter(), waiter()];
    const both = [runs.join('key', one, start), runs.join('key', two, start)];
    one.abort.abort('first');
    two.abort.abort('second');
    const late = runs.join('key', waiter(), start);
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(starts[0]?.signal.reason).toBe('second');
    expect(starts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    found();
    expect(await late).toEqual({ outcome: 'it', isFirst: true });
  });

  it('is not begun for one who is cancelled already', () => {
    const { starts, start } = work();
    const gone = waiter();
    gone.abort.abort('gone');
    expect(() => new SharedRuns<string>().join('key', gone, start)).toThrow('gone');
    expect(starts).toHaveLength(0);
  });
});
