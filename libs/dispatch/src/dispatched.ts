import { ExaiError, toEnvelope } from '#libs/errors';
import { type Metrics } from '#libs/observability';
import { type InputRequests, type ToolOutcome } from '#libs/tools';
import { type CallIds } from './call-ending.js';
import { type OpenQuestion } from './call-questions.js';
import { type FinishedCall } from './call-state.js';
import { type EarlierCall } from './keyed-calls.js';

/** What a caller gets: the outcome and, for a stored payload, its JSON as stored. */
export interface DispatchedOutcome {
  readonly outcome: ToolOutcome;
  readonly resultJson?: string;
  /** The call whose outcome this is, when another one stood for it. */
  readonly replayed?: EarlierCall;
}

/** The call waits for answers, and for nothing else; `ToolDispatcher.resume` takes them. */
export interface AskedCall {
  /** Those without an answer, of the kinds that the caller can be asked for. */
  readonly asked: InputRequests;
  readonly call: CallIds;
  /** Which question of the call this is, for its answer. */
  readonly round: number;
}

/** The call runs on, and nobody waits for it. */
export interface PendingCall {
  /** The call that stands: an earlier one for a known idempotency key. */
  readonly pending: EarlierCall;
}

/** Told apart by `'asked' in it` and `'pending' in it`. */
export type Dispatched = DispatchedOutcome | AskedCall | PendingCall;

export function toOutcome({
  outcome,
  resultJson,
}: Pick<FinishedCall, 'outcome' | 'resultJson'>): DispatchedOutcome {
  return resultJson === undefined ? { outcome } : { outcome, resultJson };
}

export function toAsked({ id, correlationId, round, pending }: OpenQuestion): AskedCall {
  return { asked: pending, call: { id, correlationId }, round };
}

export function failedOutcome(call: CallIds, error: ExaiError): DispatchedOutcome {
  const { id: callId, correlationId } = call;
  return { outcome: { ok: false, error: toEnvelope(error, { correlationId, callId }) } };
}

/** Nobody waits any more, or no longer than until now; the call itself may run on. */
export function endOfWait(call: CallIds, reason: 'overdue' | 'detached'): DispatchedOutcome {
  return failedOutcome(
    call,
    reason === 'detached'
      ? new ExaiError('CANCELLED')
      : new ExaiError('DEADLINE_EXCEEDED', { stage: 'waiting' }),
  );
}

export function countFinished(
  metrics: Metrics,
  tool: string,
  outcome: ToolOutcome,
  durationMs: number,
): void {
  metrics.callsFinished.inc({
    tool,
    outcome: outcomeLabel(outcome),
    code: outcome.ok ? 'ok' : outcome.error.code,
  });
  metrics.callDuration.observe({ tool }, durationMs / 1_000);
}

function outcomeLabel(outcome: ToolOutcome): string {
  if (outcome.ok) return 'completed';
  if (outcome.error.code === 'CANCELLED') return 'cancelled';
  return outcome.error.code === 'DEADLINE_EXCEEDED' ? 'expired' : 'failed';
}
