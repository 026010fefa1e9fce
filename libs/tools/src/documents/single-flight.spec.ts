import { describe, expect, it } from 'vitest';
import { SingleFlight } from './single-flight.js';
import { Turns } from './turns.js';

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

const never = new AbortController().signal;

describe('work that is asked for at once', () => {
  it('is done once, and told who began it', async () => {
    const flights = new SingleFlight<number>();
    const work = deferred<number>();
    let begun = 0;
    const ask = () => flights.run('a', never, () => ((begun += 1), work.promise));
    const asked = [ask(), ask(), flights.run('b', never, () => Promise.resolve(2))];
    work.resolve(1);
    expect(await Promise.all(asked)).toEqual([
      { value: 1, shared: false },
      { value: 1, shared: true },
      { value: 2, shared: false },
    ]);
    expect(begun).toBe(1);
    expect(await flights.run('a', never, () => Promise.resolve(3))).toEqual({ value: 3, shared: false });
  });

  it('fails for all, and is begun anew afterwards', async () => {
    const flights = new SingleFlight<number>();
    const work = deferred<number>();
    const asked = [1, 2].map(() => flights.run('a', never, () => work.promise));
    work.reject(new Error('no'));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await flights.run('a', never, () => Promise.resolve(1))).value).toBe(1);
  });

  it('goes on when one of several leaves, and ends with the last of them', async () => {
    const flights = new SingleFlight<number>();
    const work = deferred<number>();
    let ofAll = never;
    const callers = [new AbortController(), new AbortController()];
    const asked = callers.map(({ signal }) =>
      flights.run('a', signal, (given) => ((ofAll = given), work.promise)),
    );
    callers[0]?.abort(new Error('left'));
    await expect(asked[0]).rejects.toThrow('left');
    expect(ofAll.aborted).toBe(false);
    callers[1]?.abort(new Error('left too'));
    await expect(asked[1]).rejects.toThrow('left too');
    expect(ofAll.aborted).toBe(true);
    expect(await flights.run('a', never, () => Promise.resolve(5))).toEqual({ value: 5, shared: false });
  });
});

describe('turns', () => {
  it('let so many run at once, in their order, and go on after a failure', async () => {
    const turns = new Turns(2);
    const works = [deferred<void>(), deferred<void>(), deferred<void>()];
    const begun: number[] = [];
    const all = works.map(({ promise }, index) =>
      turns.run(never, () => {
        begun.push(index);
        return promise;
      }),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    works[1]?.reject(new Error('no'));
    await expect(all[1]).rejects.toThrow('no');
    expect(begun).toEqual([0, 1, 2]);
    works[0]?.resolve();
    works[2]?.resolve();
    await Promise.all([all[0], all[2]]);
  });

  it('are not kept for one who has left the line', async () => {
    const turns = new Turns(1);
    const first = deferred<void>();
    const running = turns.run(never, () => first.promise);
    const leaver = new AbortController();
    const left = turns.run(leaver.signal, () => Promise.resolve());
    const last = turns.run(never, () => Promise.resolve('done'));
    leaver.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    first.resolve();
    await running;
    expect(await last).toBe('done');
  });
});
