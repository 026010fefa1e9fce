import { type ExaiError } from '#libs/errors';

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
  ) {
    super(error.message, { cause: error });
  }
}
