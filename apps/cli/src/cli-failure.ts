import { type ErrorCode } from '#libs/errors';

export interface FailureParts {
  readonly exitCode: number;
  /** What to do now. */
  readonly hint?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Code of the gateway's error, when it sent one. */
  readonly code?: ErrorCode | undefined;
  /** What `--json` prints. */
  readonly document?: unknown;
}

/** A command cannot do what was asked; the text is for the person at the terminal. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';

  constructor(
    message: string,
    readonly parts: FailureParts,
  ) {
    super(message);
  }
}

export function usageFailure(message: string, hint?: string): CliFailure {
  return new CliFailure(message, { exitCode: 64, hint });
}
