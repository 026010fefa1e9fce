/**
 * The provider takes no further request just now: its slots are taken, or it asked us to wait. Nothing was sent, so
 * this is no failure: the call is to be put back, no attempt spent.
 */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';

  constructor(
    readonly provider: string,
    /** When to come by itself: for a full provider, unless it is woken before. */
    readonly delayMs: number,
    readonly why: 'full' | 'rate_limited',
  ) {
    super(`${provider} is ${why === 'full' ? 'full' : 'rate limited'} for about ${delayMs} ms`);
  }
}
