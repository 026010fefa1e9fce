import { afterEach, describe, expect, it, vi } from 'vitest';
import { TickBatch } from './tick-batch.js';

describe('TickBatch', () => {
  afterEach(() => vi.useRealTimers());

  it('sends the additions of one turn together and answers each its own', async () => {
    const sizes: number[] = [];
    const batch = new TickBatch<number, number>((items) => {
      sizes.push(items.length);
      return Promise.resolve(items.map((item) => item * 2));
    });
    expect(await Promise.all([1, 2, 3].map((item) => batch.add(item)))).toEqual([2, 4, 6]);
    expect(await batch.add(4)).toBe(8);
    expect(sizes).toEqual([3, 1]);
  });

  it('never exceeds its limit and loses none', async () => {
    const sizes: number[] = [];
    const batch = new TickBatch<number, number>((items) => {
      sizes.push(items.length);
      return Promise.resolve(items);
    }, 64);
    const items = Array.from({ length: 200 }, (_, index) => index);
    expect(await Promise.all(items.map((item) => batch.add(item)))).toEqual(items);
    expect(Math.max(...sizes)).toBe(64);
  });

  it('fails only the row that is at fault', async () => {
    const batch = new TickBatch<string, string>((items) =>
      items.includes('bad')
        ? Promise.reject(Object.assign(new Error('invalid text'), { code: '22P02' }))
        : Promise.resolve(items),
    );
    const results = await Promise.allSettled(['a', 'bad', 'b'].map((item) => batch.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('fails all of a batch when the connection is gone, without repeating it', async () => {
    let sends = 0;
    const batch = new TickBatch<number, number>(() => {
      sends += 1;
      return Promise.reject(Object.assign(new Error('down'), { code: '57P01' }));
    });
    const results = await Promise.allSettled([batch.add(1), batch.add(2)]);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(sends).toBe(1);
  });

  it('keeps its distance between batches, but not before the first', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] });
    const sizes: number[] = [];
    const batch = new TickBatch<number, number>(
      (items) => {
        sizes.push(items.length);
        return Promise.resolve(items);
      },
      64,
      20,
    );
    void batch.add(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(sizes).toEqual([1]);
    void batch.add(2);
    await vi.advanceTimersByTimeAsync(15);
    void batch.add(3);
    expect(sizes).toEqual([1]);
    await vi.advanceTimersByTimeAsync(5);
    expect(sizes).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(20);
    void batch.add(4);
    await vi.advanceTimersByTimeAsync(0);
    expect(sizes).toEqual([1, 2, 1]);
  });

  it('sends a full batch at once, and what waits when it is drained', async () => {
    const sizes: number[] = [];
    const batch = new TickBatch<number, number>(
      (items) => {
        sizes.push(items.length);
        return Promise.resolve(items);
      },
      2,
      60_000,
    );
    await batch.add(1);
    expect(await Promise.all([batch.add(2), batch.add(3)])).toEqual([2, 3]);
    const last = batch.add(4);
    await batch.drain();
    expect(sizes).toEqual([1, 2, 1]);
    expect(await last).toBe(4);
  });
});
