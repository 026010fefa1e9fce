import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState as State,
  handleWhenResult,
  type IBackoff,
} from 'cockatiel';
import { type ErrorCode, ExaiError } from '#libs/errors';
import { FaultBreaker } from './fault-breaker.js';
import type { ResilienceLimits } from './limits.js';
import type { Outcome, Verdict } from './outcome.js';

export type CircuitState = 'closed' | 'open' | 'half_open';

/** Whether requests to a model are let through, and if not, why and until when. */
export interface CircuitView {
  readonly state: CircuitState;
  /** Milliseconds until the next request may try; 0 = now. Absent on an open circuit = until the configuration changes. */
  readonly retryInMs?: number;
  /** Code of the failure that opened it. */
  readonly cause?: ErrorCode;
}

export const CLOSED: CircuitView = { state: 'closed' };

/** An outcome, and the period of the circuit its request was sent in. */
interface Sample {
  readonly outcome: Outcome;
  readonly period: number;
}

/** The first piece of an answer is proof enough: an answer may take minutes, and all others wait for the probe. */
const HEARD: Outcome = { error: undefined };

/** One circuit: counts the outcomes of requests, and while it is open lets one through at a time. */
export class Circuit {
  private readonly policy: CircuitBreakerPolicy;
  private readonly breaker: FaultBreaker;
  /** Rises each time the circuit opens: a request from an earlier period says nothing about this one. */
  private period = 0;
  private pauseMs = 0;
  private pauseEndsAt = 0;
  private cause: ErrorCode | undefined;

  constructor(
    private readonly judge: (outcome: Outcome) => Verdict,
    private readonly limits: ResilienceLimits,
    onChange: () => void,
  ) {
    this.breaker = new FaultBreaker(limits, () => this.lastVerdict());
    // What proves nothing counts as handled, else a cancelled probe would close the circuit.
    const policy = handleWhenResult((sample) => this.verdictOf((sample as Sample).outcome) !== 'alive');
    const halfOpenAfter = {
      next: ({ result }: { result: unknown }) => this.pauseAfter((result as { value: Sample }).value),
    };
    this.policy = circuitBreaker(policy, { breaker: this.breaker, halfOpenAfter });
    this.policy.onBreak(() => {
      this.period += 1;
      // Not before the library's own pause ends, which it began to count just now.
      this.pauseEndsAt = Date.now() + this.pauseMs;
    });
    this.policy.onReset(() => this.breaker.reset());
    this.policy.onStateChange(onChange);
  }

  get isClosed(): boolean {
    return this.policy.state === State.Closed;
  }

  view(now: number = Date.now()): CircuitView {
    if (this.isClosed) return CLOSED;
    const cause = this.cause && { cause: this.cause };
    if (this.policy.state === State.HalfOpen) {
      return { state: 'half_open', retryInMs: this.limits.probePauseMs, ...cause };
    }
    const waitMs = this.pauseEndsAt - now;
    if (waitMs <= 0) return { state: 'half_open', retryInMs: 0, ...cause };
    return { state: 'open', ...(waitMs < Infinity && { retryInMs: waitMs }), ...cause };
  }

  /**
   * Must not be called while `view` refuses: the library would let the request wait for the probe.
   * @param ask calls what it is given, if anything, at the first piece of the answer; never rejects
   */
  async run(ask: (onHeard?: () => void) => Promise<Outcome>): Promise<Outcome> {
    const { period } = this;
    const sampled = (outcome: Outcome): Sample => ({ outcome, period });
    if (this.isClosed) return (await this.policy.execute(() => ask().then(sampled))).outcome;
    let answer: Promise<Outcome> | undefined;
    const probe = new Promise<Outcome>((resolve) => {
      answer = ask(() => resolve(HEARD));
      void answer.then(resolve);
    });
    const { outcome } = await this.policy.execute(() => probe.then(sampled));
    return outcome === HEARD && answer ? this.countLater(await answer, period) : outcome;
  }

  /** The rest of an answer whose beginning closed the circuit. */
  private async countLater(outcome: Outcome, period: number): Promise<Outcome> {
    if (this.isClosed) await this.policy.execute(() => ({ outcome, period }));
    return outcome;
  }

  private verdictOf(outcome: Outcome): Verdict {
    return outcome === HEARD ? 'alive' : this.judge(outcome);
  }

  private lastVerdict(): Verdict {
    const { outcome, period } = (this.policy.lastFailure as { value: Sample }).value;
    return period === this.period ? this.verdictOf(outcome) : 'nothing';
  }

  /** Called when the circuit opens, be it again after a probe. */
  private pauseAfter({ outcome }: Sample): IBackoff<{ result: unknown }> {
    const error = 'error' in outcome ? outcome.error : undefined;
    const verdict = this.verdictOf(outcome);
    if (verdict !== 'nothing') this.cause = error instanceof ExaiError ? error.code : undefined;
    this.pauseMs = verdict === 'nothing' ? 0 : this.durationOf(verdict, error);
    return {
      duration: this.pauseMs,
      next: ({ result }) => this.pauseAfter((result as { value: Sample }).value),
    };
  }

  private durationOf(verdict: Verdict, error: unknown): number {
    if (verdict !== 'shut' || !(error instanceof ExaiError)) return this.limits.halfOpenAfterMs;
    if (error.code === 'PROVIDER_AUTH') return Infinity;
    return error.details.retryAfterMs ?? this.limits.quotaPauseMs;
  }
}

/** Of two circuits in a row the one that keeps requests off longer. */
export function stricter(a: CircuitView, b: CircuitView): CircuitView {
  if (a.state === 'closed') return b;
  if (b.state === 'closed') return a;
  return (b.retryInMs ?? Infinity) > (a.retryInMs ?? Infinity) ? b : a;
}

export function letsThrough({ state, retryInMs }: CircuitView): boolean {
  return state === 'closed' || retryInMs === 0;
}
