import { type ExaiError } from '#libs/errors';
import { type ToolPayload } from './tool.js';

/** A model, as the dispatcher needs to name it. */
export interface Candidate {
  readonly provider: string;
  readonly model: string;
}

export interface NextCandidate extends Candidate {
  readonly sameProvider: boolean;
}

/** One attempt failed after a model was chosen. Tells what was tried and what the next attempt would try. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';

  constructor(
    readonly error: ExaiError,
    readonly candidate?: Candidate,
    readonly next?: NextCandidate,
    /**
     * Reserves the next attempt at its provider; answers the milliseconds it has to wait for its turn. An answer
     * above `withinMs` reserved nothing.
     */
    readonly reserveRetry: (withinMs: number) => number = () => 0,
    /** Work that was done all the same; the caller gets it beside the error if this failure is final. */
    readonly partial?: ToolPayload,
  ) {
    super(error.message, { cause: error });
  }

  withPartial(partial: ToolPayload): AttemptFailed {
    return new AttemptFailed(this.error, this.candidate, this.next, this.reserveRetry, partial);
  }
}
