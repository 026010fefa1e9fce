import { describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/harness/eventually.js';
import { FrameRate } from './frame-rate.js';

/** What became of `count` frames, in order. */
async function frames(rate: FrameRate, count: number, socket = 'one'): Promise<string[]> {
  const seen: string[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    rate.count(
      socket,
      () => seen.push('within'),
      () => seen.push('above'),
    );
  }
  await eventually(() => seen.length === count, 'every frame is judged', { everyMs: 1 });
  return seen;
}

describe('the rate of frames', () => {
  it('lets so many through in a second and none above', async () => {
    const seen = await frames(new FrameRate(3), 5);
    expect(seen).toEqual(['within', 'within', 'within', 'above', 'above']);
  });

  it('counts each socket by itself', async () => {
    const rate = new FrameRate(3);
    expect(await frames(rate, 3, 'one')).not.toContain('above');
    expect(await frames(rate, 3, 'two')).not.toContain('above');
  });

  it('begins anew in the next second, and for a socket that is forgotten', async () => {
    const rate = new FrameRate(1);
    expect(await frames(rate, 2)).toEqual(['within', 'above']);
    rate.forget('one');
    expect(await frames(rate, 2)).toEqual(['within', 'above']);
    await eventually(async () => (await frames(rate, 1))[0] === 'within', 'the next second', {
      everyMs: 100,
    });
  });

  it('has no limit with 0', async () => {
    expect(await frames(new FrameRate(0), 10_000)).not.toContain('above');
  });

  it('keeps the order of frames', async () => {
    const rate = new FrameRate(1_000);
    const order: number[] = [];
    for (let sent = 0; sent < 100; sent += 1)
      rate.count(
        'one',
        () => order.push(sent),
        () => order.push(-1),
      );
    await eventually(() => order.length === 100, 'every frame is judged', { everyMs: 1 });
    expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });
});
