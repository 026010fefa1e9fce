/** A vendor's error inside an answer of status 200, carried like the error of any other status. */
export class AnsweredError extends Error {
  constructor(readonly error: unknown) {
    super('The provider sent an error in place of an answer.');
  }
}

/** An answer that cannot be one; the message says why, in words of ours. */
export class BadAnswerError extends Error {}
