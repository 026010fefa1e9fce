import { ExaiError, toExaiError } from '#libs/errors';
import { AttemptFailed } from '../attempt-failed.js';
import { AttemptPostponed } from '../attempt-postponed.js';
import { failedPayload, type StepReport } from './workflow-payload.js';

interface Asked extends StepReport {
  readonly signal: AbortSignal;
}

/** An error after the step was recorded tells how to go on from there. */
export function keepingWork({ threadId, view, signal }: Asked, error: unknown): unknown {
  if (error instanceof AttemptPostponed || signal.aborted) return error;
  const failed = error instanceof AttemptFailed ? error : new AttemptFailed(toExaiError(error));
  const { error: cause, candidate, next, reserveRetry } = failed;
  const hint =
    `${cause.hint} The steps so far are kept: to ask again, send step ${view.stepNumber} ` +
    `with continuation_id ${threadId}.`;
  const worded = new ExaiError(cause.code, cause.details, {
    cause,
    wording: { message: cause.message, hint },
  });
  return new AttemptFailed(worded, candidate, next, reserveRetry);
}

/** The caller gets what was gathered even if the model is never asked. */
export function withLocalWork(asked: Asked, error: unknown): unknown {
  const { signal } = asked;
  const late: unknown = signal.aborted ? signal.reason : undefined;
  if (late instanceof ExaiError && late.code === 'DEADLINE_EXCEEDED') {
    return new AttemptFailed(late).withPartial(failedPayload(asked, late));
  }
  return error instanceof AttemptFailed && !signal.aborted
    ? error.withPartial(failedPayload(asked, error.error))
    : error;
}
