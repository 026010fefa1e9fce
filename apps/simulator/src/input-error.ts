/** The request cannot be used: the sender's mistake, reported with its status and a code. */
export class InputError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: 400 | 404 | 413 | 435 = 400,
  ) {
    super(message);
  }
}
