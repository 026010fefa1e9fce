/** What the vendor's headers say about its limits; the tightest of several. */
export interface RateLimitState {
  readonly limit?: number;
  readonly remaining?: number;
  /** Milliseconds until the limit is fresh again. */
  readonly resetMs?: number;
}
