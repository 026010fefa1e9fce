import { mayCall } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { Metrics, runInContext } from '#libs/observability';
import { AttemptFailed, type CallProgress, ToolCatalog, type ToolPayload, ToolRunner } from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { setTimeout as delay } from 'node:timers/promises';
import { delayUntilNextAttempt } from './attempt-policy.js';
import { CallLedger, type TerminalWrite } from './call-ledger.js';
import { CallSignals } from './call-signals.js';
import { type StartedAttempt } from './call-state.js';
import { DeltaBuffer } from './delta-buffer.js';
import { RunningAttempts } from './running-attempts.js';

/** A call that stopped its worker this often is not tried again. */
const MAX_CRASHES = 3;
/** How long a finished result is held while the ledger cannot take it. */
const HOLD_RESULT_MS = 30_000;
const HOLD_STEP_MS = 250;

/** How an attempt ended, for the queue: over, or to be delivered again after a delay. */
export type AttemptEnd =
  | { readonly kind: 'over'; readonly error?: ExaiError }
  | { readonly kind: 'again'; readonly delayMs: number; readonly error: ExaiError };

/** Thrown as abort reason when the worker stops before the attempt is done. */
export class WorkerStopping extends ExaiError {
  constructor() {
    super('DRAINING');
  }
}

/** The consuming half of the road: policy check, engine, decision on failure, terminal write. */
@Injectable()
export class AttemptRunner {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly catalog: ToolCatalog,
    private readonly tools: ToolRunner,
    private readonly ledger: CallLedger,
    private readonly running: RunningAttempts,
    private readonly signals: CallSignals,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(AttemptRunner.name);
  }

  async run(attempt: StartedAttempt): Promise<AttemptEnd> {
    const { call } = attempt;
    if (attempt.attempt === 1) {
      this.metrics.callQueueWait.observe({ tool: call.tool }, (Date.now() - call.createdAt) / 1_000);
    }
    return runInContext({ correlationId: call.correlationId, callId: call.id }, async () => {
      const began = performance.now();
      const end = await this.runInside(attempt);
      const outcome = end.error ? end.error.code : 'completed';
      const durationMs = Math.round(performance.now() - began);
      this.logger.info({ tool: call.tool, attempt: attempt.attempt, outcome, durationMs }, 'attempt ended');
      return end;
    });
  }

  private async runInside(attempt: StartedAttempt): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    const held = this.running.open(call.id, fence);
    const deadline = deadlineSignal(attempt.remainingMs);
    const signal = AbortSignal.any([held, deadline.signal]);
    let deltaSent = false;
    const tell = (progress: CallProgress) => this.signals.publish({ progress: { id: call.id, ...progress } });
    const deltas = new DeltaBuffer((text) => tell({ kind: 'delta', text }));
    const onProgress = (progress: CallProgress) => {
      if (progress.kind === 'phase') return tell(progress);
      deltaSent = true;
      deltas.push(progress.text);
    };
    try {
      const payload = await this.callTool(attempt, signal, onProgress);
      deltas.flush();
      this.metrics.callAttempts.inc({ reason: 'completed' });
      return await this.write({ id: call.id, fence, state: 'COMPLETED', payload }, attempt.remainingMs);
    } catch (error) {
      return await this.settleFailure(attempt, error, signal, deltaSent);
    } finally {
      deltas.flush();
      deadline.clear();
      this.running.close(call.id, fence);
    }
  }

  private async callTool(
    attempt: StartedAttempt,
    signal: AbortSignal,
    onProgress: (progress: CallProgress) => void,
  ): Promise<ToolPayload> {
    const { call } = attempt;
    if (attempt.crashes >= MAX_CRASHES)
      throw new ExaiError('WORKER_CRASH_LIMIT', { attempts: attempt.crashes });
    if (attempt.remainingMs <= 0) throw new ExaiError('DEADLINE_EXCEEDED', { stage: 'queue' });
    // The policy is asked again here: a row that somebody changed must not gain rights on its way.
    if (!mayCall(call.principal, call.tool)) {
      throw new ExaiError('FORBIDDEN', { requiredScope: `tools:call:${call.tool}` });
    }
    if (!this.catalog.find(call.tool)) throw new ExaiError('TOOL_NOT_FOUND', { tool: call.tool });
    return this.tools.run(call, {
      attempt: attempt.attempt,
      maxAttempts: this.config.queue.attempts,
      failures: attempt.failures,
      signal,
      onProgress,
    });
  }

  private async settleFailure(
    attempt: StartedAttempt,
    thrown: unknown,
    signal: AbortSignal,
    deltaSent: boolean,
  ): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    const reason: unknown = signal.aborted ? signal.reason : undefined;
    if (reason instanceof WorkerStopping) {
      await this.ledger.release(call.id, fence);
      return { kind: 'again', delayMs: 0, error: reason };
    }
    const failed = thrown instanceof AttemptFailed ? thrown : undefined;
    const error = reason === undefined ? toExaiError(failed?.error ?? thrown) : toExaiError(reason);
    if (error.code === 'INTERNAL') this.logger.error({ err: error }, 'attempt failed unexpectedly');
    const delayMs = signal.aborted ? undefined : this.nextDelay(attempt, error, failed, deltaSent);
    if (delayMs !== undefined) {
      const failure = failed?.candidate && { ...failed.candidate, code: error.code };
      if (await this.ledger.retryLater(call.id, fence, failure, delayMs)) {
        this.metrics.callAttempts.inc({ reason: 'retry' });
        this.signals.publish({
          progress: { id: call.id, kind: 'phase', message: retryMessage(error, failed, delayMs) },
        });
        return { kind: 'again', delayMs, error };
      }
    }
    this.metrics.callAttempts.inc({ reason: error.code.toLowerCase() });
    const envelope = {
      ...toEnvelope(error, { correlationId: call.correlationId, callId: call.id }),
      attempts: attempt.attempt,
    };
    const state = error.code === 'DEADLINE_EXCEEDED' ? 'EXPIRED' : 'FAILED';
    return this.write({ id: call.id, fence, state, error: envelope }, HOLD_RESULT_MS, error);
  }

  private nextDelay(
    attempt: StartedAttempt,
    error: ExaiError,
    failed: AttemptFailed | undefined,
    deltaSent: boolean,
  ): number | undefined {
    const { candidate, next } = failed ?? {};
    return delayUntilNextAttempt({
      error,
      attempt: attempt.attempt,
      maxAttempts: this.config.queue.attempts,
      remainingMs: attempt.call.deadline - Date.now(),
      deltaSent,
      ...(next && {
        next: { sameProvider: next.sameProvider, sameModel: next.model === candidate?.model },
      }),
    });
  }

  /** Holds the result while the ledger is away: the work is done, and done work is not thrown away. */
  private async write(write: TerminalWrite, remainingMs: number, error?: ExaiError): Promise<AttemptEnd> {
    const giveUpAt = Date.now() + Math.min(HOLD_RESULT_MS, Math.max(remainingMs, HOLD_STEP_MS));
    for (;;) {
      try {
        if (await this.ledger.finish(write)) {
          if (this.signals.ledgerChannel === undefined) this.signals.publish({ done: [write.id] });
        } else {
          this.metrics.callStaleResults.inc();
        }
        return error ? { kind: 'over', error } : { kind: 'over' };
      } catch (failure) {
        this.logger.warn({ err: failure }, 'the ledger did not take a result; holding it');
        if (Date.now() > giveUpAt) return { kind: 'again', delayMs: 1_000, error: toExaiError(failure) };
        await delay(HOLD_STEP_MS);
      }
    }
  }
}

function deadlineSignal(remainingMs: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new ExaiError('DEADLINE_EXCEEDED', { stage: 'running' })),
    Math.max(0, remainingMs),
  );
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

function retryMessage(error: ExaiError, failed: AttemptFailed | undefined, delayMs: number): string {
  const who = failed?.candidate?.model ?? 'the call';
  const what = `${who}: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
  if (failed?.next && failed.next.model !== failed.candidate?.model) {
    return `${what}; next candidate: ${failed.next.model}`;
  }
  return delayMs < 1_000
    ? `${what}; trying again`
    : `${what}; trying again in ${Math.ceil(delayMs / 1_000)} s`;
}
