import type { RateLimit } from './settings.js';

/** Where one API key stands with its limit, this request counted in. */
export interface LimitState {
  readonly requests: Allowance;
  readonly tokens: Allowance | undefined;
  /** Milliseconds until the window is over. */
  readonly resetMs: number;
  /** The request is refused and counts for nothing. */
  readonly isExceeded: boolean;
}

export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
}

interface Window {
  readonly endsAt: number;
  requests: number;
  tokens: number;
}

const CAPACITY = 10_000;

/** Counts by API key and limit, so that tests with limits of their own do not meet. */
export class RateLimits {
  private readonly windows = new Map<string, Window>();

  take(key: string | null, limit: RateLimit, tokens: number, now = Date.now()): LimitState {
    const window = this.windowOf(`${key} ${limit.requests} ${limit.seconds} ${limit.tokens}`, limit, now);
    const mostTokens = limit.tokens ?? Infinity;
    const isExceeded = window.requests >= limit.requests || window.tokens + tokens > mostTokens;
    if (!isExceeded) {
      window.requests += 1;
      window.tokens += tokens;
    }
    return {
      requests: { limit: limit.requests, remaining: limit.requests - window.requests },
      tokens:
        limit.tokens === undefined
          ? undefined
          : { limit: limit.tokens, remaining: limit.tokens - window.tokens },
      resetMs: window.endsAt - now,
      isExceeded,
    };
  }

  clear(): void {
    this.windows.clear();
  }

  private windowOf(key: string, { seconds }: RateLimit, now: number): Window {
    const current = this.windows.get(key);
    if (current && current.endsAt > now) return current;
    if (this.windows.size >= CAPACITY) this.windows.clear();
    const window = { endsAt: now + seconds * 1000, requests: 0, tokens: 0 };
    this.windows.set(key, window);
    return window;
  }
}
