import { catalogue, type ErrorCode } from './catalogue.js';
import { type CatalogueEntry, type ErrorDetails } from './entry.js';

export interface ExaiErrorOptions {
  /** Goes to the log, never to a caller. */
  readonly cause?: unknown;
  /** Wording fixed elsewhere, for an error revived from its envelope; otherwise the catalogue words it. */
  readonly wording?: { readonly message: string; readonly hint: string };
}

/** The one error class. The code's catalogue row decides status, retry, severity and wording. */
export class ExaiError extends Error {
  override readonly name = 'ExaiError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** What the caller can do now. */
  readonly hint: string;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: ExaiErrorOptions = {}) {
    const entry = catalogue[code];
    super(
      options.wording?.message ?? entry.message(details),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = details;
    this.hint = options.wording?.hint ?? entry.hint(details);
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }

  /** True when the same call may be sent again later: retry class `queue` or `caller`. */
  get retryable(): boolean {
    return this.entry.retry === 'queue' || this.entry.retry === 'caller';
  }
}
