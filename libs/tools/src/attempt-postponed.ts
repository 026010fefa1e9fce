/**
 * This attempt sent nothing, because there was no place for it now: the call goes back to the queue and the attempt
 * counts as if it had not begun.
 */
export class AttemptPostponed extends Error {
  override readonly name = 'AttemptPostponed';

  constructor(
    readonly delayMs: number,
    /** For the person who waits. */
    message: string,
    /** The provider whose next free place the call waits for, so that it may come sooner; absent: it may not. */
    readonly waitsFor?: string,
  ) {
    super(message);
  }
}
