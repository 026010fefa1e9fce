import { ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  type CallProgress,
  type InlineTool,
  InlineToolRunner,
  type ToolCall,
  ToolCatalog,
  type ToolOutcome,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AdmissionControl } from './admission-control.js';
import { CallEnding, type CallIds } from './call-ending.js';
import { CallLedger } from './call-ledger.js';
import { CallQueue } from './call-queue.js';
import { CallWaiters, type Wait, type WaitResult } from './call-waiters.js';
import { type EarlierCall, KeyedCalls } from './keyed-calls.js';
import { TickBatch } from './tick-batch.js';

export interface DispatchOptions {
  /** Aborted with `CALLER_GONE`, the call runs on and its answer is kept; with anything else it is cancelled. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
  /** Of the caller's own: calls with the same key, tool and arguments are one call. Inline tools do not look at it. */
  readonly idempotencyKey?: string;
}

/** Reason of an abort that ends the wait but not the call. */
export const CALLER_GONE = Symbol('caller gone');

/** What a caller gets: the outcome and, for a stored payload, its JSON as stored. */
export interface DispatchedOutcome {
  readonly outcome: ToolOutcome;
  readonly resultJson?: string;
  /** The call whose outcome this is, when another one stood for it. */
  readonly replayed?: EarlierCall;
}

/** The producing half of the road: admission, ledger row, job, wait. */
@Injectable()
export class ToolDispatcher {
  private readonly handOvers = new TickBatch<string, void>((ids) => this.handOver(ids));

  constructor(
    private readonly catalog: ToolCatalog,
    private readonly inline: InlineToolRunner,
    private readonly admission: AdmissionControl,
    private readonly ledger: CallLedger,
    private readonly keyed: KeyedCalls,
    private readonly queue: CallQueue,
    private readonly waiters: CallWaiters,
    private readonly ending: CallEnding,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ToolDispatcher.name);
  }

  /**
   * Runs one call to its end.
   * @throws ExaiError when the call was not taken on (DRAINING, SESSION_BUSY, QUEUE_FULL, STORE_UNAVAILABLE,
   * IDEMPOTENCY_CONFLICT);
   * everything after that is an outcome.
   */
  async dispatch(call: ToolCall, options: DispatchOptions): Promise<DispatchedOutcome> {
    this.admission.admit(call.sessionId);
    try {
      // The only fork of the road: diagnosis must work while queue, database or providers are down.
      const definition = this.catalog.find(call.tool)?.definition;
      const dispatched =
        definition?.kind === 'inline'
          ? await this.answerInline(call, definition)
          : await this.answerQueued(call, options);
      const { outcome, replayed } = dispatched;
      // That call is counted where it was accepted.
      if (replayed) return dispatched;
      this.metrics.callsFinished.inc({
        tool: call.tool,
        outcome: outcomeLabel(outcome),
        code: outcome.ok ? 'ok' : outcome.error.code,
      });
      this.metrics.callDuration.observe({ tool: call.tool }, (Date.now() - call.createdAt) / 1_000);
      return dispatched;
    } finally {
      this.admission.release(call.sessionId);
    }
  }

  private async answerInline(call: ToolCall, { answerIsCopy }: InlineTool): Promise<DispatchedOutcome> {
    this.metrics.callsAccepted.inc({ tool: call.tool });
    let outcome: ToolOutcome;
    try {
      outcome = { ok: true, payload: await this.inline.run(call) };
    } catch (error) {
      outcome = { ok: false, error: envelopeFor(call, toExaiError(error)) };
      this.logger.error({ err: error, callId: call.id }, 'inline tool failed');
    }
    this.ledger.record({ call, outcome, keepsAnswer: answerIsCopy !== true }).catch(() => undefined);
    return { outcome };
  }

  private async answerQueued(call: ToolCall, options: DispatchOptions): Promise<DispatchedOutcome> {
    const wait = this.waiters.open(call.id, call.deadline - Date.now(), options.onProgress);
    let earlier: EarlierCall | undefined;
    try {
      earlier = await this.accept(call, options.idempotencyKey);
    } catch (error) {
      wait.detach();
      throw toExaiError(error);
    }
    if (earlier) {
      wait.detach();
      return this.join(call, earlier, options);
    }
    this.metrics.callsAccepted.inc({ tool: call.tool });
    this.handOvers.add(call.id).catch(() => undefined);
    return this.conclude(call, await this.resultOf(call, wait, options.signal));
  }

  /** @returns the call that stands for this one already */
  private async accept(call: ToolCall, key: string | undefined): Promise<EarlierCall | undefined> {
    if (key !== undefined) return this.keyed.accept(call, key);
    await this.ledger.accept(call);
    return undefined;
  }

  /** Waits for the call that stands for this one; only an explicit cancel ends that one. */
  private async join(
    call: ToolCall,
    earlier: EarlierCall,
    { signal, onProgress }: DispatchOptions,
  ): Promise<DispatchedOutcome> {
    const wait = this.waiters.join(earlier.id, call.deadline - Date.now(), onProgress);
    const result = await this.resultOf(earlier, wait, signal);
    if (typeof result === 'object') return { ...toDispatched(result), replayed: earlier };
    const error =
      result === 'detached'
        ? new ExaiError('CANCELLED')
        : new ExaiError('DEADLINE_EXCEEDED', { stage: 'waiting' });
    return { outcome: { ok: false, error: envelopeFor(earlier, error) }, replayed: earlier };
  }

  private async resultOf(call: CallIds, wait: Wait, signal: AbortSignal): Promise<WaitResult> {
    const onAbort = () => this.onAbort(call, wait, signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await wait.result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private onAbort(call: CallIds, wait: Wait, reason: unknown): void {
    if (reason === CALLER_GONE) {
      wait.detach();
    } else {
      // The terminal row wakes the wait, as every other end does.
      this.ending
        .cancel(call)
        .catch((error: unknown) => this.logger.warn({ err: error, callId: call.id }, 'cancel failed'));
    }
  }

  private async conclude(call: ToolCall, result: WaitResult): Promise<DispatchedOutcome> {
    if (typeof result === 'object') return toDispatched(result);
    if (result === 'detached') {
      return { outcome: { ok: false, error: envelopeFor(call, new ExaiError('CANCELLED')) } };
    }
    return toDispatched(await this.ending.expire(call));
  }

  private async handOver(ids: readonly string[]): Promise<void[]> {
    try {
      await this.queue.add(ids.map((callId) => ({ callId, enqueueNo: 1 })));
    } catch (error) {
      // The calls stay ACCEPTED; the reconciler enqueues them when the queue is back.
      this.logger.warn({ err: error }, 'the queue took no job; the reconciler will try again');
    }
    return ids.map(() => undefined);
  }
}

function toDispatched({
  outcome,
  resultJson,
}: {
  outcome: ToolOutcome;
  resultJson?: string | undefined;
}): DispatchedOutcome {
  return resultJson === undefined ? { outcome } : { outcome, resultJson };
}

function outcomeLabel(outcome: ToolOutcome): string {
  if (outcome.ok) return 'completed';
  if (outcome.error.code === 'CANCELLED') return 'cancelled';
  return outcome.error.code === 'DEADLINE_EXCEEDED' ? 'expired' : 'failed';
}

function envelopeFor(call: CallIds, error: ExaiError) {
  return toEnvelope(error, { correlationId: call.correlationId, callId: call.id });
}
