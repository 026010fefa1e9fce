import { setTimeout as sleep } from 'node:timers/promises';
import { ExaiError } from '#libs/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimitState } from '../model-client.js';
import type { ResilienceLimits } from './limits.js';
import { ProviderBusy } from './provider-busy.js';

const KEY = 'requests';
/** More than any vendor grants; what is left is this less what was consumed. */
const POINTS = 1e9;
/** A pause this short is waited out on the spot; sending the call back would take longer. */
const SHORT_MS = 100;
/** Answers of requests sent together carry the same pause, a little apart: it is the same pause. */
const SAME_PAUSE_MS = 250;
/** Calls that wait for the end of a pause come back this much apart at most. */
const SPREAD_MS = 250;
/** Timers take no more than 24 days; a vendor that says more will say it again. */
const LONGEST_WINDOW_MS = 86_400_000;

/** Keeps to the limits a vendor states in its answers. Lets everything through while it states none. */
export class RateGate {
  private readonly limiter = new RateLimiterMemory({ points: POINTS, duration: 1 });
  private sent = 0;
  /** What was sent before this is older than what is known. */
  private knownFrom = 0;
  private windowEndsAt = 0;
  private opensAt = 0;

  constructor(
    private readonly provider: string,
    private readonly limits: ResilienceLimits,
  ) {}

  /** 0 = open. */
  waitMs(now: number = Date.now()): number {
    return Math.max(0, this.opensAt - now);
  }

  /** @throws ProviderBusy, or ExaiError PROVIDER_RATE_LIMITED for a pause that is too long to be waited for. */
  check(): void {
    const waitMs = this.waitMs();
    if (waitMs > SHORT_MS) throw this.refusal(waitMs);
  }

  /**
   * To be called right before a request is sent; throws like `check`.
   * @returns the number to give to `learn`
   */
  async take(signal: AbortSignal): Promise<number> {
    for (let waitMs = this.waitMs(); waitMs > 0; waitMs = this.waitMs()) {
      if (waitMs > SHORT_MS) throw this.refusal(waitMs);
      await sleep(Math.ceil(waitMs), undefined, { signal, ref: false }).catch(() => signal.throwIfAborted());
    }
    if (Date.now() < this.windowEndsAt) await this.consume();
    this.sent += 1;
    return this.sent;
  }

  /**
   * @param request what `take` answered
   * @param at when the vendor said it
   */
  learn(request: number, { remaining, resetMs }: RateLimitState, at: number): void {
    if (remaining === undefined || resetMs === undefined || request <= this.knownFrom) return;
    const endsAt = at + Math.min(resetMs, LONGEST_WINDOW_MS);
    const leftMs = endsAt - Date.now();
    if (leftMs <= 0) return;
    // The vendor had not seen what was sent after this request.
    const left = remaining - (this.sent - request);
    this.knownFrom = request;
    this.windowEndsAt = endsAt;
    this.opensAt = left > 0 ? 0 : endsAt;
    void this.limiter.set(KEY, POINTS - Math.max(0, left), leftMs / 1_000);
  }

  /** The vendor refused a request and said for how long. */
  pause(askedMs: number): void {
    const pauseMs = Math.min(askedMs, LONGEST_WINDOW_MS);
    const endsAt = Date.now() + pauseMs;
    if (pauseMs <= 0 || (this.waitMs() > 0 && Math.abs(endsAt - this.opensAt) < SAME_PAUSE_MS)) return;
    this.knownFrom = this.sent;
    this.windowEndsAt = endsAt;
    this.opensAt = endsAt;
    void this.limiter.block(KEY, pauseMs / 1_000);
  }

  private async consume(): Promise<void> {
    try {
      await this.limiter.consume(KEY);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      this.opensAt = this.windowEndsAt;
      throw this.refusal(error.msBeforeNext);
    }
  }

  private refusal(waitMs: number): Error {
    const retryAfterMs = Math.ceil(waitMs);
    if (waitMs > this.limits.longestPauseMs) {
      return new ExaiError('PROVIDER_RATE_LIMITED', { provider: this.provider, retryAfterMs });
    }
    const spread = Math.floor(Math.random() * SPREAD_MS);
    return new ProviderBusy(this.provider, retryAfterMs + spread, 'rate_limited');
  }
}
