import { ExaiError, toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { type CallProgress, type InputResponses } from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { AdmissionControl } from './admission-control.js';
import { CallEnding } from './call-ending.js';
import { CallLedger } from './call-ledger.js';
import { CallQuestions, type StandingCall } from './call-questions.js';
import { CallWaiters } from './call-waiters.js';
import { CallerWait } from './caller-wait.js';
import { type ChangeOwner } from './change.js';
import {
  type AskedCall,
  countFinished,
  type Dispatched,
  type DispatchedOutcome,
  endOfWait,
  toAsked,
  toOutcome,
} from './dispatched.js';
import { JobHandOver } from './job-hand-over.js';
import { isEmpty } from './pending-requests.js';

export interface StandingWait {
  /** When the wait ends, milliseconds since the epoch; the call may end before that by its own. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
}

export interface ResumeWait extends StandingWait {
  /** Which question is answered; absent = the one that is open. */
  readonly round?: number | undefined;
  /** As `DispatchOptions.becomeTaskAfterMs`, from now. */
  readonly becomeTaskAfterMs?: number | undefined;
}

/** Calls that were taken on before, on any gateway: their answers, and waits for what becomes of them. */
@Injectable()
export class StandingCalls {
  constructor(
    private readonly admission: AdmissionControl,
    private readonly ledger: CallLedger,
    private readonly questions: CallQuestions,
    private readonly handOver: JobHandOver,
    private readonly waiters: CallWaiters,
    private readonly callerWait: CallerWait,
    private readonly ending: CallEnding,
    private readonly metrics: Metrics,
  ) {}

  /** @see ToolDispatcher.resume */
  async resume(
    owner: ChangeOwner,
    id: string,
    responses: InputResponses,
    { round, ...wait }: ResumeWait,
  ): Promise<Dispatched> {
    this.admission.enter(id);
    try {
      const standing = await this.answer(owner, id, responses, round);
      const known = await this.whatIsKnown(standing);
      return known ?? (await this.outcomeOf(standing, wait));
    } catch (error) {
      throw toExaiError(error);
    } finally {
      this.admission.release(id);
    }
  }

  /** @see ToolDispatcher.attach */
  async attach(
    owner: ChangeOwner,
    id: string,
    { deadline, signal, onProgress }: StandingWait,
  ): Promise<DispatchedOutcome | AskedCall | 'pending'> {
    try {
      const standing = await this.questions.find(owner, id);
      const known = await this.whatIsKnown(standing);
      if (known) return known;
      const wait = this.waiters.join(id, deadline - Date.now(), { onProgress, afterRound: standing.round });
      signal.addEventListener('abort', wait.detach, { once: true });
      if (signal.aborted) wait.detach();
      const result = await wait.result.finally(() => signal.removeEventListener('abort', wait.detach));
      if (typeof result === 'string') return 'pending';
      return 'pending' in result ? toAsked(result) : toOutcome(result);
    } catch (error) {
      throw toExaiError(error);
    }
  }

  /** @see ToolDispatcher.answerInput */
  async answer(
    owner: ChangeOwner,
    id: string,
    responses: InputResponses,
    round?: number,
  ): Promise<StandingCall> {
    try {
      const standing = await this.questions.answer(owner, id, responses, round);
      if (standing.ticket) this.handOver.give(standing.ticket);
      return standing;
    } catch (error) {
      throw toExaiError(error);
    }
  }

  /** What needs no wait: an end, or questions that are still open. */
  private async whatIsKnown(standing: StandingCall): Promise<DispatchedOutcome | AskedCall | undefined> {
    if (!isEmpty(standing.pending)) return toAsked(standing);
    const finished = await this.ledger.find(standing.id);
    if (!finished) return undefined;
    // Its keeping time is over: the row says that there was a call, and no more.
    if (!finished.isKept) throw new ExaiError('NOT_FOUND');
    return toOutcome(finished);
  }

  private async outcomeOf(
    standing: StandingCall,
    { deadline, signal, onProgress, becomeTaskAfterMs = Infinity }: Omit<ResumeWait, 'round'>,
  ): Promise<Dispatched> {
    const { id, tool, correlationId, round, remainingMs, ageMs } = standing;
    const began = Date.now();
    const ownMs = deadline - began;
    const limitMs = Math.min(ownMs, remainingMs);
    const waitMs = Math.min(limitMs, becomeTaskAfterMs);
    const wait = this.waiters.join(id, waitMs, { onProgress, afterRound: round });
    const result = await this.callerWait.result(standing, wait, signal);
    if (typeof result === 'object' && 'pending' in result) return toAsked(result);
    if (result === 'overdue' && waitMs < limitMs) return { pending: { id, correlationId } };
    // A caller with less time than the call gives up for itself only.
    if (result === 'detached' || (result === 'overdue' && ownMs < remainingMs))
      return endOfWait(standing, result);
    const dispatched = toOutcome(result === 'overdue' ? await this.ending.expire(standing) : result);
    countFinished(this.metrics, tool, dispatched.outcome, ageMs + (Date.now() - began));
    return dispatched;
  }
}
