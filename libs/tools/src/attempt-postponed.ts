/** What a call that was put back waits for: the next free place of a provider, or the end of one of these calls. */
export type AwaitedEvent =
  | { readonly kind: 'provider'; readonly id: string }
  | { readonly kind: 'calls'; readonly ids: readonly string[] };

/**
 * This attempt could not go on now, because there was no place for it or because it waits for other calls: the call
 * goes back to the queue and the attempt counts as if it had not begun.
 */
export class AttemptPostponed extends Error {
  override readonly name = 'AttemptPostponed';

  constructor(
    readonly delayMs: number,
    /** For the person who waits; empty = nothing new. */
    message: string,
    /** What lets the call come sooner than after its delay; absent: nothing. */
    readonly waitsFor?: AwaitedEvent,
    /** How much of it is done, where that can be counted. */
    readonly progress?: { readonly progress: number; readonly total: number },
  ) {
    super(message);
  }
}
