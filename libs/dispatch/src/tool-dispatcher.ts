import { toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  type CallProgress,
  type InlineTool,
  InlineToolRunner,
  type InputResponses,
  type RecordOwner,
  type ToolCall,
  ToolCatalog,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AdmissionControl } from './admission-control.js';
import { CallEnding } from './call-ending.js';
import { CallLedger } from './call-ledger.js';
import { CallWaiters, type WaitResult } from './call-waiters.js';
import { CallerLink } from './caller-link.js';
import { CallerWait } from './caller-wait.js';
import {
  type AskedCall,
  countFinished,
  type Dispatched,
  type DispatchedOutcome,
  endOfWait,
  failedOutcome,
  toAsked,
  toOutcome,
} from './dispatched.js';
import { JobHandOver } from './job-hand-over.js';
import { type EarlierCall, KeyedCalls } from './keyed-calls.js';
import { type ResumeWait, StandingCalls, type StandingWait } from './standing-calls.js';

export interface DispatchOptions {
  /** Aborted with `CALLER_GONE`, the call runs on and its answer is kept; with anything else it is cancelled. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
  /** Of the caller's own: calls with the same key, tool and arguments are one call. Inline tools do not look at it. */
  readonly idempotencyKey?: string | undefined;
  /**
   * A call that is still open after this many milliseconds goes on without its caller, whose signal then means nothing.
   * One that asks or ends before that is told as always. Inline tools do not look at it.
   */
  readonly becomeTaskAfterMs?: number;
}

export interface AcceptOptions {
  readonly idempotencyKey?: string | undefined;
}

/** Of a call that nobody waits for. */
const NOBODY = new AbortController().signal;

/** The producing half of the road: admission, ledger row, job, wait. */
@Injectable()
export class ToolDispatcher {
  constructor(
    private readonly catalog: ToolCatalog,
    private readonly inline: InlineToolRunner,
    private readonly admission: AdmissionControl,
    private readonly ledger: CallLedger,
    private readonly keyed: KeyedCalls,
    private readonly handOver: JobHandOver,
    private readonly waiters: CallWaiters,
    private readonly callerWait: CallerWait,
    private readonly standing: StandingCalls,
    private readonly ending: CallEnding,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ToolDispatcher.name);
  }

  /**
   * Runs one call to its end, or to its first question.
   * @throws ExaiError when the call was not taken on (DRAINING, SESSION_BUSY, QUEUE_FULL, STORE_UNAVAILABLE,
   * IDEMPOTENCY_CONFLICT); everything after that is an outcome.
   */
  dispatch(call: ToolCall, options: DispatchOptions): Promise<Dispatched> {
    const { becomeTaskAfterMs } = options;
    if (becomeTaskAfterMs === undefined) return this.run(call, options);
    return this.runAsTask(call, options, becomeTaskAfterMs);
  }

  /**
   * Takes a call on for the queue and returns when its row is committed; nobody waits for it. Inline tools are answered
   * at once and need nobody to wait.
   * @returns the call that stands: an earlier one for a known idempotency key
   * @throws ExaiError as `dispatch`
   */
  async accept(call: ToolCall, { idempotencyKey }: AcceptOptions = {}): Promise<EarlierCall> {
    const options = { signal: NOBODY, onProgress: () => undefined, idempotencyKey };
    const dispatched = await this.runAsTask(call, options, 0);
    return 'pending' in dispatched ? dispatched.pending : { id: call.id, correlationId: call.correlationId };
  }

  /**
   * As `dispatch`, for a call that asked: writes the answers down, queues the call again when none is missing, and
   * waits on. Answers that are late, unknown or of another round than the given one change nothing.
   * @throws ExaiError NOT_FOUND for a call that is unknown or of somebody else, and for one that is no longer kept
   */
  resume(
    owner: RecordOwner,
    callId: string,
    responses: InputResponses,
    wait: ResumeWait,
  ): Promise<Dispatched> {
    return this.standing.resume(owner, callId, responses, wait);
  }

  /**
   * Waits on a call that was accepted before, until it ends, asks, or `deadline`. An abort ends the wait, never the
   * call.
   * @returns 'pending' when it is still open then
   * @throws ExaiError NOT_FOUND as `resume`
   */
  attach(
    owner: RecordOwner,
    callId: string,
    wait: StandingWait,
  ): Promise<DispatchedOutcome | AskedCall | 'pending'> {
    return this.standing.attach(owner, callId, wait);
  }

  /**
   * Writes answers down without waiting. Some of them will do: the call goes on when none is missing.
   * @throws ExaiError NOT_FOUND as `resume`
   */
  async answerInput(owner: RecordOwner, callId: string, responses: InputResponses): Promise<void> {
    await this.standing.answer(owner, callId, responses);
  }

  /** The call goes on by itself once it is old enough: from then on it neither follows nor answers its caller. */
  private runAsTask(call: ToolCall, options: DispatchOptions, afterMs: number): Promise<Dispatched> {
    const link = new CallerLink(options.signal);
    return new Promise((resolve, reject) => {
      let isDue = afterMs === 0;
      let taken: Taken | undefined;
      const goOn = (): void => {
        if (!isDue || !taken) return;
        link.cut();
        taken.leave();
        resolve({ pending: taken.standing });
      };
      const timer = setTimeout(() => {
        isDue = true;
        goOn();
      }, afterMs);
      this.run(call, { ...options, signal: link.signal }, (it) => {
        taken = it;
        goOn();
      })
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
          link.cut();
        });
    });
  }

  private async run(
    call: ToolCall,
    options: DispatchOptions,
    onTaken?: (taken: Taken) => void,
  ): Promise<Dispatched> {
    this.admission.admit(call.sessionId);
    let hasLeft = false;
    const leave = (): void => {
      hasLeft = true;
      this.admission.leave();
    };
    try {
      // The only fork of the road: diagnosis must work while queue, database or providers are down.
      const definition = this.catalog.find(call.tool)?.definition;
      const dispatched =
        definition?.kind === 'inline'
          ? await this.answerInline(call, definition)
          : await this.answerQueued(call, options, (standing) => onTaken?.({ standing, leave }));
      // That call is counted where it was accepted; one that asks, when it ends.
      if ('outcome' in dispatched && !dispatched.replayed) {
        countFinished(this.metrics, call.tool, dispatched.outcome, Date.now() - call.createdAt);
      }
      return dispatched;
    } finally {
      this.admission.release(call.sessionId, { hasLeft });
    }
  }

  private async answerInline(call: ToolCall, { answerIsCopy }: InlineTool): Promise<DispatchedOutcome> {
    this.metrics.callsAccepted.inc({ tool: call.tool });
    let dispatched: DispatchedOutcome;
    try {
      dispatched = { outcome: { ok: true, payload: await this.inline.run(call) } };
    } catch (error) {
      dispatched = failedOutcome(call, toExaiError(error));
      this.logger.error({ err: error, callId: call.id }, 'inline tool failed');
    }
    const { outcome } = dispatched;
    this.ledger.record({ call, outcome, keepsAnswer: answerIsCopy !== true }).catch(() => undefined);
    return dispatched;
  }

  private async answerQueued(
    call: ToolCall,
    options: DispatchOptions,
    onTaken: (standing: EarlierCall) => void,
  ): Promise<DispatchedOutcome | AskedCall> {
    const { asks = [] } = call;
    const wait = this.waiters.open(call.id, call.deadline - Date.now(), { ...options, asks });
    let earlier: EarlierCall | undefined;
    try {
      earlier = await this.write(call, options.idempotencyKey);
    } catch (error) {
      wait.detach();
      throw toExaiError(error);
    }
    onTaken(earlier ?? { id: call.id, correlationId: call.correlationId });
    if (earlier) {
      wait.detach();
      return this.join(call, earlier, options);
    }
    this.metrics.callsAccepted.inc({ tool: call.tool });
    this.handOver.give({ callId: call.id, enqueueNo: 1 });
    return this.conclude(call, await this.callerWait.result(call, wait, options.signal));
  }

  /** @returns the call that stands for this one already */
  private async write(call: ToolCall, key: string | undefined): Promise<EarlierCall | undefined> {
    if (key !== undefined) return this.keyed.accept(call, key);
    await this.ledger.accept(call);
    return undefined;
  }

  /** Waits for the call that stands for this one; only an explicit cancel ends that one. */
  private async join(
    { deadline, asks = [] }: ToolCall,
    earlier: EarlierCall,
    options: DispatchOptions,
  ): Promise<DispatchedOutcome | AskedCall> {
    const wait = this.waiters.join(earlier.id, deadline - Date.now(), { ...options, asks });
    const result = await this.callerWait.result(earlier, wait, options.signal);
    if (typeof result === 'object' && 'pending' in result) return toAsked(result);
    const dispatched = typeof result === 'object' ? toOutcome(result) : endOfWait(earlier, result);
    return { ...dispatched, replayed: earlier };
  }

  private async conclude(call: ToolCall, result: WaitResult): Promise<DispatchedOutcome | AskedCall> {
    if (result === 'detached') return endOfWait(call, result);
    if (result === 'overdue') return toOutcome(await this.ending.expire(call));
    return 'pending' in result ? toAsked(result) : toOutcome(result);
  }
}

/** A call whose row is committed. */
interface Taken {
  readonly standing: EarlierCall;
  /** To be called once, when its caller does not wait for it any more. */
  readonly leave: () => void;
}
