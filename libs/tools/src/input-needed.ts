import { type InputRequests } from './tool.js';

/**
 * The call cannot go on without answers of whoever made it. It leaves the worker, waits in the ledger, and runs from
 * its start with the answers; so nothing that may happen only once may come before this. Never a failure.
 */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';

  /** @param requests at least one, only of kinds that the caller can be asked for */
  constructor(readonly requests: InputRequests) {
    super(`Waits for ${Object.keys(requests).join(', ')}`);
  }
}
