import { type ExaiError } from '#libs/errors';
import { type AttemptFailed } from '#libs/tools';

/** What the person who waits is told between two attempts. */
export function retryMessage(error: ExaiError, failed: AttemptFailed | undefined, delayMs: number): string {
  const who = failed?.candidate?.model ?? 'the call';
  const what = `${who}: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
  if (failed?.next && failed.next.model !== failed.candidate?.model) {
    return `${what}; next candidate: ${failed.next.model}`;
  }
  return delayMs < 1_000
    ? `${what}; trying again`
    : `${what}; trying again in ${Math.ceil(delayMs / 1_000)} s`;
}
