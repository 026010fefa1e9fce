import { type ErrorEnvelope } from '#libs/errors';
import {
  type FailedCandidate,
  type InputRequests,
  type ToolCall,
  type ToolOutcome,
  type ToolPayload,
} from '#libs/tools';

/**
 * ACCEPTED: recorded and handed to the queue. QUEUED: waiting there again, for a further attempt or because the
 * queue had lost it. RUNNING: a worker holds it. INPUT_REQUIRED: it waits for answers of whoever made it, and no job of
 * it is live. The other four are terminal and never change again.
 */
export type CallState = 'ACCEPTED' | 'QUEUED' | 'RUNNING' | 'INPUT_REQUIRED' | TerminalState;
export type TerminalState = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'EXPIRED';

/** One attempt as the ledger handed it out: whoever holds a lower fence has lost the call. */
export interface StartedAttempt {
  readonly call: ToolCall;
  readonly fence: number;
  readonly attempt: number;
  /** Starts that ended without any outcome: their worker died. */
  readonly crashes: number;
  /** Starts that were taken back because there was no place for the call yet. */
  readonly releases: number;
  readonly failures: readonly FailedCandidate[];
  readonly remainingMs: number;
}

/** A terminal row as its caller gets it. */
export interface FinishedCall {
  readonly id: string;
  readonly tool: string;
  readonly state: TerminalState;
  readonly outcome: ToolOutcome;
  /** False: the keeping time of its answer is over, so the outcome tells nothing. */
  readonly isKept: boolean;
  /** The payload exactly as stored, so that it need not be serialised again. */
  readonly resultJson: string | undefined;
}

/** A call without anything that was said in it. */
export interface CallSummary {
  readonly id: string;
  /** The call that this one is a member of. */
  readonly parentId: string | null;
  readonly tool: string;
  readonly state: CallState;
  readonly attempts: number;
  readonly correlationId: string;
  readonly acceptedAt: Date;
  readonly finishedAt: Date | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly errorCode: string | null;
}

/** Which calls of an owner; the bounds are of the time of acceptance, both included. */
export interface CallsWanted {
  readonly limit: number;
  readonly since?: Date;
  readonly until?: Date;
}

export interface CallReport {
  readonly id: string;
  /** The call that this one is a member of. */
  readonly parentId: string | null;
  readonly tool: string;
  readonly state: CallState;
  readonly attempts: number;
  readonly correlationId: string;
  readonly acceptedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly deadlineAt: Date;
  readonly provider: string | null;
  readonly model: string | null;
  /** Of the answer; null without one, or when the vendor did not say. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  /** US dollars by the price list; null = not known. */
  readonly costUsd: number | null;
  /** The answer; beside an error, work that was done before the call failed. */
  readonly result: ToolPayload | null;
  readonly error: ErrorEnvelope | null;
  /** The questions that it waits for an answer to; null in every other state. */
  readonly inputRequests: InputRequests | null;
}
