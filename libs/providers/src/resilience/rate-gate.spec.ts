import { ExaiError } from '#libs/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RESILIENCE_LIMITS } from './limits.js';
import { ProviderBusy } from './provider-busy.js';
import { RateGate } from './rate-gate.js';

const never = new AbortController().signal;

function gateOf(): RateGate {
  return new RateGate('vendor', RESILIENCE_LIMITS);
}

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('RateGate', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('never holds anything up while the vendor states no limit', async () => {
    const gate = gateOf();
    for (let index = 1; index <= 5_000; index += 1) {
      gate.check();
      expect(await gate.take(never)).toBe(index);
      gate.learn(index, {}, Date.now());
      gate.learn(index, { limit: 100, remaining: 0 }, Date.now());
    }
    expect(gate.waitMs()).toBe(0);
  });

  it('waits for the reset once nothing is left', async () => {
    const gate = gateOf();
    gate.learn(await gate.take(never), { remaining: 0, resetMs: 8_000 }, Date.now());
    const busy = thrownBy(() => gate.check());
    expect(busy).toBeInstanceOf(ProviderBusy);
    expect(busy).toMatchObject({ provider: 'vendor', why: 'rate_limited' });
    expect((busy as ProviderBusy).delayMs).toBeGreaterThanOrEqual(8_000);
    expect((busy as ProviderBusy).delayMs).toBeLessThan(8_250);
    vi.advanceTimersByTime(8_000);
    gate.check();
    await gate.take(never);
  });

  it('counts its own requests against what was left', async () => {
    const gate = gateOf();
    gate.learn(await gate.take(never), { remaining: 3, resetMs: 5_000 }, Date.now());
    for (let index = 0; index < 3; index += 1) await gate.take(never);
    await expect(gate.take(never)).rejects.toBeInstanceOf(ProviderBusy);
    expect(gate.waitMs()).toBe(5_000);
    vi.advanceTimersByTime(5_000);
    await gate.take(never);
  });

  it('takes off what was sent after the request that was answered', async () => {
    const gate = gateOf();
    const first = await gate.take(never);
    await gate.take(never);
    await gate.take(never);
    gate.learn(first, { remaining: 2, resetMs: 5_000 }, Date.now());
    expect(gate.waitMs()).toBe(5_000);
  });

  it('believes the answer to the later request, whichever comes first', async () => {
    const gate = gateOf();
    const first = await gate.take(never);
    const second = await gate.take(never);
    gate.learn(second, { remaining: 40, resetMs: 5_000 }, Date.now());
    gate.learn(first, { remaining: 0, resetMs: 5_000 }, Date.now());
    expect(gate.waitMs()).toBe(0);
  });

  it('counts the time of a reset from when the vendor said it', async () => {
    const gate = gateOf();
    const request = await gate.take(never);
    gate.learn(request, { remaining: 0, resetMs: 4_000 }, Date.now() - 3_000);
    expect(gate.waitMs()).toBe(1_000);
    gate.learn(request + 1, { remaining: 0, resetMs: 4_000 }, Date.now() - 5_000);
    expect(gate.waitMs()).toBe(1_000);
  });

  it('is open again for the very request whose retry comes when it was told to', async () => {
    const gate = gateOf();
    await gate.take(never);
    gate.pause(2_000);
    // Its neighbours are refused a little later, with the same pause.
    vi.advanceTimersByTime(120);
    gate.pause(2_000);
    vi.advanceTimersByTime(1_880);
    gate.check();
    await gate.take(never);
  });

  it('waits out the last moments of a pause on the spot, and not a moment less', async () => {
    const gate = gateOf();
    gate.pause(2_000);
    vi.advanceTimersByTime(1_930);
    gate.check();
    let taken = false;
    const taking = gate.take(never).then(() => (taken = true));
    await vi.advanceTimersByTimeAsync(69);
    expect(taken).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    await taking;
    expect(taken).toBe(true);
  });

  it('ends that wait when the call is cancelled', async () => {
    const gate = gateOf();
    gate.pause(80);
    const cancel = new AbortController();
    const taking = gate.take(cancel.signal);
    cancel.abort(new ExaiError('CANCELLED'));
    await expect(taking).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('refuses when the pause is longer than calls are put back for', () => {
    const gate = gateOf();
    gate.pause(90_000);
    expect(thrownBy(() => gate.check())).toMatchObject({
      code: 'PROVIDER_RATE_LIMITED',
      details: { provider: 'vendor', retryAfterMs: 90_000 },
    });
    vi.advanceTimersByTime(40_000);
    expect(thrownBy(() => gate.check())).toBeInstanceOf(ProviderBusy);
  });

  it('does not take a reset in some years, or none at all, at its word', () => {
    const gate = gateOf();
    gate.pause(-5_000);
    expect(gate.waitMs()).toBe(0);
    gate.pause(1e15);
    expect(gate.waitMs()).toBe(86_400_000);
    vi.advanceTimersByTime(86_400_000);
    gate.check();
  });

  it('does not let an older answer end a pause', async () => {
    const gate = gateOf();
    const slow = await gate.take(never);
    await gate.take(never);
    gate.pause(5_000);
    gate.learn(slow, { remaining: 50, resetMs: 60_000 }, Date.now());
    expect(gate.waitMs()).toBe(5_000);
  });
});
