import { ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  type CallProgress,
  InlineToolRunner,
  type ToolCall,
  ToolCatalog,
  type ToolOutcome,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AdmissionControl } from './admission-control.js';
import { CallEnding } from './call-ending.js';
import { CallLedger } from './call-ledger.js';
import { CallQueue } from './call-queue.js';
import { CallWaiters, type WaitResult } from './call-waiters.js';
import { TickBatch } from './tick-batch.js';

export interface DispatchOptions {
  /** Aborted with `CALLER_GONE`, the call runs on and its answer is kept; with anything else it is cancelled. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
}

/** Reason of an abort that ends the wait but not the call. */
export const CALLER_GONE = Symbol('caller gone');

/** What a caller gets: the outcome and, for a stored payload, its JSON as stored. */
export interface DispatchedOutcome {
  readonly outcome: ToolOutcome;
  readonly resultJson?: string;
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
   * @throws ExaiError when the call was not taken on (DRAINING, SESSION_BUSY, QUEUE_FULL, STORE_UNAVAILABLE);
   * everything after that is an outcome.
   */
  async dispatch(call: ToolCall, options: DispatchOptions): Promise<DispatchedOutcome> {
    this.admission.admit(call.sessionId);
    try {
      // The only fork of the road: diagnosis must work while queue, database or providers are down.
      const dispatched =
        this.catalog.find(call.tool)?.definition.kind === 'inline'
          ? await this.answerInline(call)
          : await this.answerQueued(call, options);
      const { outcome } = dispatched;
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

  private async answerInline(call: ToolCall): Promise<DispatchedOutcome> {
    this.metrics.callsAccepted.inc({ tool: call.tool });
    let outcome: ToolOutcome;
    try {
      outcome = { ok: true, payload: await this.inline.run(call) };
    } catch (error) {
      outcome = { ok: false, error: envelopeFor(call, toExaiError(error)) };
      this.logger.error({ err: error, callId: call.id }, 'inline tool failed');
    }
    this.ledger.record({ call, outcome }).catch(() => undefined);
    return { outcome };
  }

  private async answerQueued(call: ToolCall, options: DispatchOptions): Promise<DispatchedOutcome> {
    const wait = this.waiters.open(call.id, call.deadline - Date.now(), options.onProgress);
    try {
      await this.ledger.accept(call);
    } catch (error) {
      this.waiters.detach(call.id);
      throw toExaiError(error);
    }
    this.metrics.callsAccepted.inc({ tool: call.tool });
    this.handOvers.add(call.id).catch(() => undefined);
    const onAbort = () => this.onAbort(call, options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    try {
      return await this.conclude(call, await wait);
    } finally {
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  private onAbort(call: ToolCall, reason: unknown): void {
    if (reason === CALLER_GONE) {
      this.waiters.detach(call.id);
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

function envelopeFor(call: ToolCall, error: ExaiError) {
  return toEnvelope(error, { correlationId: call.correlationId, callId: call.id });
}
