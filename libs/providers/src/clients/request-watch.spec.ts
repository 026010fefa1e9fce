import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCardSchema } from '../catalogue/model-card.js';
import { RequestWatch } from './request-watch.js';

const model = modelCardSchema.parse({
  id: 'm',
  provider: 'p',
  contextWindow: 8_000,
  maxOutputTokens: 4_000,
  intelligence: 1,
});

describe('RequestWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends a request that takes longer than its time', () => {
    const watch = new RequestWatch(new AbortController().signal, model, 5_000);
    vi.advanceTimersByTime(4_999);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watch.signal.aborted).toBe(true);
    expect(watch.reason?.code).toBe('PROVIDER_TIMEOUT');
    expect(watch.reason?.details.reason).toBe('no complete answer within 5 s');
  });

  it('ends a stream that falls silent, counting from the last piece', () => {
    const watch = new RequestWatch(new AbortController().signal, model, 100_000);
    vi.advanceTimersByTime(50_000);
    watch.heard();
    vi.advanceTimersByTime(19_999);
    watch.heard();
    vi.advanceTimersByTime(19_999);
    expect(watch.reason).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(watch.reason?.details.reason).toBe('the stream was silent for 20 s');
  });

  it('passes the reason of the caller on, or says that the call was cancelled', () => {
    const caller = new AbortController();
    const watch = new RequestWatch(caller.signal, model, 5_000);
    const reason = new ExaiError('DEADLINE_EXCEEDED');
    caller.abort(reason);
    expect(watch.reason).toBe(reason);
    expect(watch.signal.aborted).toBe(true);
    expect(() => watch.check()).toThrow(reason);
    expect(new RequestWatch(AbortSignal.abort(), model, 5_000).reason?.code).toBe('CANCELLED');
  });

  it('leaves no timer and no listener behind', () => {
    const caller = new AbortController();
    const remove = vi.spyOn(caller.signal, 'removeEventListener');
    const watch = new RequestWatch(caller.signal, model, 5_000);
    watch.heard();
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(remove).toHaveBeenCalledOnce();
    caller.abort();
    expect(watch.reason).toBeUndefined();
  });
});
