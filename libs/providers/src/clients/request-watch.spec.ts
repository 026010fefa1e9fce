import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCardSchema } from '../catalogue/model-card.js';
import { RequestWatch, type WatchedTarget } from './request-watch.js';

const model = modelCardSchema.parse({
  id: 'm',
  provider: 'p',
  contextWindow: 8_000,
  maxOutputTokens: 4_000,
  intelligence: 1,
});

const TIMEOUTS = { firstByteMs: 3_000, idleMs: 20_000, totalMs: 100_000 };

function watchOf(
  caller = new AbortController().signal,
  streamed = true,
  target: WatchedTarget = model,
): RequestWatch {
  return new RequestWatch(caller, target, TIMEOUTS, { streamed });
}

describe('RequestWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends a request that takes longer than its time', () => {
    const watch = watchOf(undefined, false);
    vi.advanceTimersByTime(99_999);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watch.signal.aborted).toBe(true);
    expect(watch.reason?.code).toBe('PROVIDER_TIMEOUT');
    expect(watch.reason?.details).toMatchObject({
      provider: 'p',
      model: 'm',
      stage: 'total',
      reason: 'no complete answer within 100 s',
    });
  });

  it('ends a stream that does not begin, but not a whole answer, which begins when it is finished', () => {
    const stream = watchOf();
    const whole = watchOf(undefined, false);
    vi.advanceTimersByTime(2_999);
    expect(stream.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(stream.reason?.details).toMatchObject({
      stage: 'first_byte',
      reason: 'no answer began within 3 s',
    });
    expect(whole.reason).toBeUndefined();
  });

  it('ends a stream that falls silent, counting from the headers and from the last piece', () => {
    const watch = watchOf();
    const silent = watchOf();
    vi.advanceTimersByTime(2_000);
    watch.gotHeaders();
    silent.gotHeaders();
    vi.advanceTimersByTime(19_999);
    watch.heard();
    expect(silent.reason).toBeUndefined();
    vi.advanceTimersByTime(19_999);
    expect(silent.reason?.details['stage']).toBe('idle');
    expect(watch.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(watch.reason?.details).toMatchObject({
      stage: 'idle',
      reason: 'the stream was silent for 20 s',
    });
  });

  it('does not listen for pieces of a whole answer', () => {
    const watch = watchOf(undefined, false);
    watch.gotHeaders();
    watch.heard();
    vi.advanceTimersByTime(60_000);
    expect(watch.reason).toBeUndefined();
  });

  it('gives a model its own share of every limit', () => {
    const slow = { ...model, timeoutMultiplier: 2 };
    const watch = watchOf(undefined, true, slow);
    vi.advanceTimersByTime(5_999);
    watch.gotHeaders();
    vi.advanceTimersByTime(39_999);
    expect(watch.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(watch.reason?.details.reason).toBe('the stream was silent for 40 s');
    const whole = watchOf(undefined, false, slow);
    vi.advanceTimersByTime(199_999);
    expect(whole.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(whole.reason?.details.reason).toBe('no complete answer within 200 s');
  });

  it('names no model where none is asked', () => {
    const watch = watchOf(undefined, false, { provider: 'p' });
    vi.advanceTimersByTime(100_000);
    expect(watch.reason?.details).toMatchObject({ provider: 'p', stage: 'total' });
    expect(watch.reason?.details).not.toHaveProperty('model');
  });

  it('passes the reason of the caller on, or says that the call was cancelled', () => {
    const caller = new AbortController();
    const watch = watchOf(caller.signal);
    const reason = new ExaiError('DEADLINE_EXCEEDED');
    caller.abort(reason);
    expect(watch.reason).toBe(reason);
    expect(watch.signal.aborted).toBe(true);
    expect(() => watch.check()).toThrow(reason);
    expect(watchOf(AbortSignal.abort()).reason?.code).toBe('CANCELLED');
  });

  it('leaves no timer and no listener behind', () => {
    const caller = new AbortController();
    const remove = vi.spyOn(caller.signal, 'removeEventListener');
    const watch = watchOf(caller.signal);
    watch.gotHeaders();
    watch.heard();
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(remove).toHaveBeenCalledOnce();
    caller.abort();
    expect(watch.reason).toBeUndefined();
  });
});
