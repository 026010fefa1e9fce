import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Counts frames per socket in windows of one second. */
export class FrameRate {
  private readonly limiter: RateLimiterMemory | undefined;

  /** @param perSecond 0 = unlimited */
  constructor(perSecond: number) {
    this.limiter = perSecond === 0 ? undefined : new RateLimiterMemory({ points: perSecond, duration: 1 });
  }

  /**
   * Counts one frame, then calls one of the two; frames of a socket keep their order.
   * @param socketId any text that only this socket has
   */
  count(socketId: string, within: () => void, above: () => void): void {
    if (this.limiter) void this.limiter.consume(socketId).then(within, above);
    else within();
  }

  /** To be called when the socket has ended. */
  forget(socketId: string): void {
    void this.limiter?.delete(socketId);
  }
}
