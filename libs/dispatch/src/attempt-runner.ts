import { mayCall } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError, toEnvelope, toExaiError } from '#libs/errors';
import { Metrics, runInContext } from '#libs/observability';
import {
  AttemptFailed,
  AttemptPostponed,
  type AwaitedEvent,
  type CallInput,
  type CallProgress,
  InputNeeded,
  ToolCatalog,
  type ToolCall,
  type ToolPayload,
  ToolRunner,
} from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { postponedLog, retryLog } from './attempt-log.js';
import { AttemptNews } from './attempt-news.js';
import { delayUntilNextAttempt, MIN_ATTEMPT_MS } from './attempt-policy.js';
import { CallEnding } from './call-ending.js';
import { kindsMissing } from './can-answer.js';
import { CallLedger, type TerminalWrite } from './call-ledger.js';
import { CallQuestions } from './call-questions.js';
import { CallSignals } from './call-signals.js';
import { type StartedAttempt } from './call-state.js';
import { Changes } from './changes.js';
import { DailyBudget } from './daily-budget.js';
import { LedgerMemberCalls } from './ledger-member-calls.js';
import { retryMessage } from './retry-message.js';
import { RunningAttempts } from './running-attempts.js';
import { HOLD_RESULT_MS, TerminalWriter } from './terminal-writer.js';

/** A call that stopped its worker this often is not tried again. */
const MAX_CRASHES = 3;

/** A call that is put back often tells its caller only of waits as long as this. */
const WORTH_TELLING_MS = 1_000;

/**
 * How an attempt ended, for the queue: over, gone to ask whoever made the call, to be delivered again after a delay as a further attempt, or put back
 * as if it had not begun; sooner than after its delay when what it waits for happens.
 */
export type AttemptEnd =
  | { readonly kind: 'over'; readonly error?: ExaiError }
  | { readonly kind: 'asked' }
  | { readonly kind: 'postponed'; readonly delayMs: number; readonly waitsFor?: AwaitedEvent }
  | { readonly kind: 'again'; readonly delayMs: number; readonly error: ExaiError };

const END_WORDS = { over: 'completed', asked: 'asked', again: undefined } as const;

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
    private readonly questions: CallQuestions,
    private readonly running: RunningAttempts,
    private readonly signals: CallSignals,
    private readonly changes: Changes,
    private readonly writer: TerminalWriter,
    private readonly budget: DailyBudget,
    private readonly members: LedgerMemberCalls,
    private readonly ending: CallEnding,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(AttemptRunner.name);
  }

  async run(attempt: StartedAttempt): Promise<AttemptEnd> {
    const { call } = attempt;
    if (attempt.fence === 1) {
      this.metrics.callQueueWait.observe({ tool: call.tool }, (Date.now() - call.createdAt) / 1_000);
    }
    return runInContext({ correlationId: call.correlationId, callId: call.id }, async () => {
      const began = performance.now();
      const end = await this.runInside(attempt);
      const durationMs = Math.round(performance.now() - began);
      if (end.kind === 'postponed') {
        const { releases } = attempt;
        this.logger.debug(
          { tool: call.tool, releases, delayMs: end.delayMs, durationMs },
          'attempt put back',
        );
      } else {
        const outcome = 'error' in end ? end.error?.code : END_WORDS[end.kind];
        this.logger.info({ tool: call.tool, attempt: attempt.attempt, outcome, durationMs }, 'attempt ended');
      }
      return end;
    });
  }

  private async runInside(attempt: StartedAttempt): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    const held = this.running.open(call.id, fence);
    const deadline = deadlineSignal(attempt.remainingMs);
    const signal = AbortSignal.any([held, deadline.signal]);
    const news = new AttemptNews(this.signals, call);
    try {
      const payload = await this.callTool(attempt, signal, news.tell);
      await news.delivered();
      this.metrics.callAttempts.inc({ reason: 'completed' });
      const end = await this.write({ id: call.id, fence, state: 'COMPLETED', payload }, attempt.remainingMs);
      this.announceThread(call, payload);
      return end;
    } catch (error) {
      return await this.settleFailure(attempt, error, signal, news);
    } finally {
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
      putBacks: attempt.releases,
      failures: attempt.failures,
      signal,
      onProgress,
      spending: this.budget.spendingOf({
        id: call.id,
        fence: attempt.fence,
        remainingMs: attempt.remainingMs,
      }),
      members: this.members.of(call),
      input: inputOf(call),
    });
  }

  private async settleFailure(
    attempt: StartedAttempt,
    thrown: unknown,
    signal: AbortSignal,
    news: AttemptNews,
  ): Promise<AttemptEnd> {
    await news.delivered();
    const { call, fence } = attempt;
    const reason: unknown = signal.aborted ? signal.reason : undefined;
    if (reason instanceof WorkerStopping) return this.putBack(attempt, 0, news);
    if (reason === undefined && thrown instanceof AttemptPostponed) {
      const delayMs = delayWithin(thrown, call.deadline - Date.now() - MIN_ATTEMPT_MS);
      if (delayMs !== undefined) return this.putBack(attempt, delayMs, news, thrown);
      const late = new ExaiError('DEADLINE_EXCEEDED', { stage: 'provider busy' }, { cause: thrown });
      return this.endFailed(attempt, late);
    }
    if (reason === undefined && thrown instanceof InputNeeded) return this.ask(attempt, thrown);
    const failed = thrown instanceof AttemptFailed ? thrown : undefined;
    const error = reason === undefined ? toExaiError(failed?.error ?? thrown) : toExaiError(reason);
    if (error.code === 'INTERNAL') this.logger.error({ err: error }, 'attempt failed unexpectedly');
    const delayMs = signal.aborted ? undefined : this.nextDelay(attempt, error, failed, news.deltaSent);
    if (delayMs !== undefined) {
      const failure = failed?.candidate && { ...failed.candidate, code: error.code };
      if (await this.ledger.retryLater(call.id, fence, failure, delayMs)) {
        this.metrics.callAttempts.inc({ reason: 'retry' });
        if (failed?.next) {
          const { provider, model } = failed.next;
          this.metrics.providerRetries.inc({ provider, model });
        }
        news.tell({ kind: 'phase', message: retryMessage(error, failed, delayMs) });
        news.tell(retryLog(call, error, failed, delayMs));
        return { kind: 'again', delayMs, error };
      }
    }
    return this.endFailed(attempt, error, failed?.partial);
  }

  /** The call leaves the worker; answers bring it back under a job of its own. */
  private async ask(attempt: StartedAttempt, { requests }: InputNeeded): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    const missing = kindsMissing(call.asks ?? [], requests);
    if (missing.length > 0) {
      const requiredCapabilities = Object.fromEntries(missing.map((kind) => [kind, {}]));
      return this.endFailed(attempt, new ExaiError('MISSING_CLIENT_CAPABILITY', { requiredCapabilities }));
    }
    const responses = call.inputResponses;
    if (await this.questions.ask({ id: call.id, fence, requests, responses })) {
      this.metrics.callAttempts.inc({ reason: 'asked' });
      if (this.signals.ledgerChannel === undefined) this.signals.publish({ asked: [call.id] });
    }
    return { kind: 'asked' };
  }

  /** The call waits again, and this start counts as if it had not happened. */
  private async putBack(
    attempt: StartedAttempt,
    delayMs: number,
    news: AttemptNews,
    { message, waitsFor, progress }: Partial<AttemptPostponed> = {},
  ): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    const released = await this.ledger.release({ id: call.id, fence, delayMs });
    if (!released) return { kind: 'over' };
    this.metrics.callAttempts.inc({ reason: 'postponed' });
    if (message && (attempt.releases === 0 || delayMs >= WORTH_TELLING_MS)) {
      news.tell({ kind: 'phase', message, ...progress });
      if (waitsFor?.kind !== 'calls') news.tell(postponedLog(call, message, waitsFor, delayMs));
    }
    return { kind: 'postponed', delayMs, ...(waitsFor !== undefined && { waitsFor }) };
  }

  private async endFailed(
    attempt: StartedAttempt,
    error: ExaiError,
    partial?: ToolPayload,
  ): Promise<AttemptEnd> {
    const { call, fence } = attempt;
    this.metrics.callAttempts.inc({ reason: error.code.toLowerCase() });
    const envelope = {
      ...toEnvelope(error, { correlationId: call.correlationId, callId: call.id }),
      attempts: attempt.attempt,
    };
    const state = error.code === 'DEADLINE_EXCEEDED' ? 'EXPIRED' : 'FAILED';
    const write = {
      id: call.id,
      fence,
      state,
      error: envelope,
      ...(partial && { payload: partial }),
    } as const;
    const end = await this.write(write, HOLD_RESULT_MS, error);
    if (partial) this.announceThread(call, partial);
    await this.endMembers(call);
    return end;
  }

  /** Whoever has a copy of the thread that this answer is a turn of should read it again. */
  private announceThread({ principal }: ToolCall, { continuation_id: id }: ToolPayload): void {
    if (id === undefined) return;
    const owner = { tenant: principal.tenant, subject: principal.subject };
    this.changes.announce({ uri: `exai://threads/${id}`, owner });
  }

  /** Nobody puts the answers of its members together any more. */
  private async endMembers(call: ToolCall): Promise<void> {
    if (this.catalog.find(call.tool)?.kind !== 'consensus' || call.parentId !== undefined) return;
    try {
      // Once the call itself is over, only its members are left to cancel.
      if (await this.ledger.find(call.id)) await this.ending.cancel(call);
    } catch (error) {
      this.logger.warn({ err: error }, 'members not cancelled; their deadline ends them');
    }
  }

  private nextDelay(
    attempt: StartedAttempt,
    error: ExaiError,
    failed: AttemptFailed | undefined,
    deltaSent: boolean,
  ): number | undefined {
    const { candidate, next } = failed ?? {};
    const facts = {
      error,
      attempt: attempt.attempt,
      maxAttempts: this.config.queue.attempts,
      remainingMs: attempt.call.deadline - Date.now(),
      deltaSent,
      ...(next && {
        next: { sameProvider: next.sameProvider, sameModel: next.model === candidate?.model },
      }),
    };
    return delayUntilNextAttempt(facts, (withinMs) => failed?.reserveRetry(withinMs) ?? 0);
  }

  private async write(write: TerminalWrite, remainingMs: number, error?: ExaiError): Promise<AttemptEnd> {
    const failure = await this.writer.write(write, remainingMs);
    if (failure) return { kind: 'again', delayMs: 1_000, error: failure };
    return error ? { kind: 'over', error } : { kind: 'over' };
  }
}

/** What may come sooner than after its delay gets the time there is. Undefined = there is too little. */
function delayWithin({ delayMs, waitsFor }: AttemptPostponed, leftMs: number): number | undefined {
  if (leftMs >= delayMs) return delayMs;
  return waitsFor !== undefined && leftMs >= 1 ? Math.floor(leftMs) : undefined;
}

function inputOf({ asks = [], inputResponses = {} }: ToolCall): CallInput {
  return {
    can: (kind) => asks.includes(kind),
    response: (key) => (Object.hasOwn(inputResponses, key) ? inputResponses[key] : undefined),
  };
}

function deadlineSignal(remainingMs: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new ExaiError('DEADLINE_EXCEEDED', { stage: 'running' })),
    Math.max(0, remainingMs),
  );
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
