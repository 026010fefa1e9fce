import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RESILIENCE_LIMITS } from './limits.js';
import { ProviderBusy } from './provider-busy.js';
import { Slots } from './slots.js';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Work that takes its time and counts how much of it goes on at once. */
function counted(ms = 20) {
  const seen = { running: 0, most: 0, done: 0 };
  const work = async (): Promise<number> => {
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await delay(ms);
    seen.running -= 1;
    seen.done += 1;
    return seen.done;
  };
  return { seen, work };
}

function slotsOf(size: number): Slots {
  return new Slots('vendor', size, RESILIENCE_LIMITS);
}

async function busyOf(action: Promise<unknown>): Promise<ProviderBusy> {
  const error: unknown = await action.catch((thrown: unknown) => thrown);
  if (error instanceof ProviderBusy) return error;
  throw new Error('was not sent back', { cause: error });
}

describe('Slots', () => {
  it('lets no more out than there are, a few wait, and the others are sent back unsent', async () => {
    const { seen, work } = counted();
    const slots = slotsOf(8);
    const ends = await Promise.allSettled(Array.from({ length: 24 }, () => slots.run(never, work)));
    expect(seen).toEqual({ running: 0, most: 8, done: 16 });
    const refused = ends.filter((end) => end.status === 'rejected').map((end) => end.reason as unknown);
    expect(refused).toHaveLength(8);
    for (const error of refused) expect(error).toMatchObject({ provider: 'vendor', why: 'full' });
  });

  it('has a line no longer than it has slots', async () => {
    const { seen, work } = counted();
    const slots = slotsOf(1);
    const ends = await Promise.allSettled([1, 2, 3].map(() => slots.run(never, work)));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(seen.most).toBe(1);
  });

  it('fills a freed slot from the line at once', async () => {
    const { work } = counted(50);
    const slots = slotsOf(1);
    const first = slots.run(never, work);
    const second = slots.run(never, work).then(() => performance.now());
    await first;
    const freedAt = performance.now();
    expect((await second) - freedAt).toBeLessThan(80);
  });

  it('ends a cancelled wait at once, asks nothing for it, and gives its place in the line away', async () => {
    const { seen, work } = counted(100);
    const slots = slotsOf(1);
    const cancel = new AbortController();
    const first = slots.run(never, work);
    const second = slots.run(cancel.signal, work);
    await busyOf(slots.run(never, work));
    const startedAt = performance.now();
    cancel.abort(new Error('cancelled'));
    await expect(second).rejects.toThrow('cancelled');
    expect(performance.now() - startedAt).toBeLessThan(50);
    expect(slots.isFull).toBe(false);
    const third = slots.run(never, work);
    await Promise.all([first, third]);
    expect(seen).toEqual({ running: 0, most: 1, done: 2 });
    expect(slots.inFlight).toBe(0);
  });

  it('survives any number of cancelled waits', async () => {
    const { seen, work } = counted();
    const slots = slotsOf(2);
    const running = [slots.run(never, work), slots.run(never, work)];
    for (let index = 0; index < 500; index += 1) {
      const cancel = new AbortController();
      const waiting = slots.run(cancel.signal, work);
      cancel.abort(new Error('cancelled'));
      await expect(waiting).rejects.toThrow('cancelled');
    }
    await Promise.all([...running, slots.run(never, work), slots.run(never, work)]);
    expect(seen).toEqual({ running: 0, most: 2, done: 4 });
  });

  it('does not begin what was cancelled before', async () => {
    const { seen, work } = counted();
    await expect(slotsOf(1).run(AbortSignal.abort(new Error('cancelled')), work)).rejects.toThrow(
      'cancelled',
    );
    expect(seen.most).toBe(0);
  });

  it('passes a failure on and goes on working', async () => {
    const slots = slotsOf(1);
    const fail = (): Promise<never> => Promise.reject(new Error('refused'));
    const ends = await Promise.allSettled([slots.run(never, fail), slots.run(never, fail)]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(slots.inFlight).toBe(0);
  });

  it('sends calls back until well after their turn, one later than the other', async () => {
    const { work } = counted(400);
    const slots = slotsOf(4);
    await Promise.all([1, 2, 3, 4].map(() => slots.run(never, work)));
    const running = Array.from({ length: 8 }, () => slots.run(never, work));
    const delays: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      delays.push((await busyOf(slots.run(never, work))).delayMs);
    }
    // The first of them has its turn after 500 ms, the last after 1,400 ms.
    expect(delays[0]).toBeGreaterThanOrEqual(700);
    expect(delays[0]).toBeLessThan(1_300);
    expect(delays[9]).toBeGreaterThanOrEqual(2_000);
    expect(delays[9]).toBeLessThan(3_500);
    await Promise.all(running);
  });

  it('never sends back for less than 100 ms or for more than 10 s, and not many for the same time', async () => {
    const { work } = counted(300);
    const slots = slotsOf(1);
    const running = [slots.run(never, work), slots.run(never, work)];
    const delays: number[] = [];
    for (let index = 0; index < 500; index += 1) {
      delays.push((await busyOf(slots.run(never, work))).delayMs);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...delays)).toBeLessThanOrEqual(10_000);
    expect(new Set(delays.slice(100).map((ms) => Math.floor(ms / 250))).size).toBeGreaterThan(5);
    await Promise.all(running);
  });

  describe('a kept place', () => {
    const open = () => {
      const told = { times: 0 };
      const slots = new Slots('vendor', 2, RESILIENCE_LIMITS, () => (told.times += 1));
      return { slots, told };
    };

    it('is there for each free slot and each free place in the line, and no more', () => {
      const { slots } = open();
      expect([1, 2, 3, 4].map(() => slots.keepPlace()).filter(Boolean)).toHaveLength(4);
      expect(slots.keepPlace()).toBeUndefined();
      expect(slots.isFull).toBe(true);
    });

    it('is refused to a newcomer, and taken by a call that came back', async () => {
      const { slots } = open();
      const { work, seen } = counted();
      for (let index = 0; index < 4; index += 1) slots.keepPlace();
      await busyOf(slots.run(never, work));
      await Promise.all([1, 2, 3, 4].map(() => slots.run(never, work, true)));
      expect(seen).toEqual({ running: 0, most: 2, done: 4 });
      expect(slots.isFull).toBe(false);
    });

    it('is free again when it is given up, once, and that is told', async () => {
      const { slots, told } = open();
      const { work } = counted();
      const places = [1, 2, 3, 4].map(() => slots.keepPlace());
      places[0]?.giveUp();
      places[0]?.giveUp();
      expect(told.times).toBe(1);
      expect(slots.keepPlace()).toBeDefined();
      expect(slots.keepPlace()).toBeUndefined();
      const taken = slots.run(never, work, true);
      // The oldest that was still kept.
      places[1]?.giveUp();
      expect(slots.isFull).toBe(true);
      await taken;
    });

    it('needs room, also of a call that came back and found none kept', async () => {
      const { slots } = open();
      const { work } = counted(50);
      const running = [1, 2, 3, 4].map(() => slots.run(never, work));
      expect(slots.keepPlace()).toBeUndefined();
      await busyOf(slots.run(never, work, true));
      await Promise.all(running);
    });

    it('can be had as soon as somebody leaves a slot or the line', async () => {
      const { slots, told } = open();
      const { work } = counted(50);
      const cancel = new AbortController();
      const running = [1, 2, 3].map(() => slots.run(never, work));
      const waiting = slots.run(cancel.signal, work);
      expect(told.times).toBe(0);
      cancel.abort(new Error('cancelled'));
      await expect(waiting).rejects.toThrow('cancelled');
      expect(told.times).toBe(1);
      expect(slots.keepPlace()).toBeDefined();
      expect(slots.keepPlace()).toBeUndefined();
      await running[0];
      expect(slots.keepPlace()).toBeDefined();
      await Promise.all(running);
      expect(told.times).toBeGreaterThanOrEqual(4);
    });
  });
});
