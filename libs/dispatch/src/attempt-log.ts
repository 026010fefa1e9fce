import { type ExaiError } from '#libs/errors';
import { type AttemptFailed, type AwaitedEvent, type CallProgress, type ToolCall } from '#libs/tools';

const LOGGER = 'exai.attempts';

/** For those who look after the client: a further attempt, elsewhere when the next candidate is another one. */
export function retryLog(
  { tool }: ToolCall,
  { code }: ExaiError,
  failed: AttemptFailed | undefined,
  delayMs: number,
): CallProgress {
  const { candidate, next } = failed ?? {};
  return {
    kind: 'log',
    level: 'warning',
    logger: LOGGER,
    data: {
      tool,
      ...(candidate && { provider: candidate.provider, model: candidate.model }),
      code,
      retry_in_ms: Math.round(delayMs),
      ...(next && next.model !== candidate?.model && { next_model: next.model }),
    },
  };
}

/** The call was put back as if the attempt had not begun. */
export function postponedLog(
  { tool }: ToolCall,
  reason: string,
  waitsFor: AwaitedEvent | undefined,
  delayMs: number,
): CallProgress {
  return {
    kind: 'log',
    level: 'info',
    logger: LOGGER,
    data: {
      tool,
      ...(waitsFor?.kind === 'provider' && { provider: waitsFor.id }),
      reason,
      retry_in_ms: Math.round(delayMs),
    },
  };
}
