import type { ErrorEnvelope } from '#libs/errors';
import type { ClientFiles } from '#libs/file-access';
import type { Spending } from './asking/spending.js';

/** What whoever made a call can be asked for, in the protocol's words. */
export type InputKind = 'elicitation' | 'sampling' | 'roots';

/** A question to whoever made the call, worded as the protocol words it, so that it passes unchanged. */
export interface InputRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Questions by a key that the tool chooses; it finds the answer under the same key. */
export type InputRequests = Readonly<Record<string, InputRequest>>;

/** Answers by the key of their question, as the client gave them: nothing of them has been checked. */
export type InputResponses = Readonly<Record<string, unknown>>;

/** Who a call runs for: taken from the verified credential, never from the request body. */
export interface CallPrincipal {
  readonly tenant: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Ids or aliases of the only models it may use; absent = all. */
  readonly models?: readonly string[];
  /** USD one call may cost at most; absent = no limit. */
  readonly maxCostUsd?: number;
}

/** One request to run one tool. Plain data: it is stored in the ledger and read again by the worker. */
export interface ToolCall {
  /** UUIDv7. */
  readonly id: string;
  /** The call that asks this one, which then is a member of it; only the program itself makes such calls. */
  readonly parentId?: string;
  readonly tool: string;
  /** Arguments as parsed by the tool's own schema, defaults filled in. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Files of the client's own disk. A call that has this reads nothing of the gateway's. */
  readonly clientFiles?: ClientFiles;
  readonly principal: CallPrincipal;
  readonly client: { readonly name: string; readonly version: string };
  readonly sessionId: string;
  readonly transport: 'websocket' | 'http' | 'rest';
  /** Trace id of the client's `traceparent`, else the call id. */
  readonly correlationId: string;
  /** Absolute, milliseconds since the epoch. */
  readonly deadline: number;
  readonly createdAt: number;
  /** What whoever made the call can be asked for; absent = nothing. */
  readonly asks?: readonly InputKind[];
  /** All answers given so far. */
  readonly inputResponses?: InputResponses;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens?: number;
  readonly reasoningTokens?: number;
}

/** What happened on an earlier attempt that another candidate answered for. */
export interface FailedCandidate {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
}

/** A content block of the protocol: text, image, audio, resource or link to one, with the fields of its type. */
export interface ContentBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The result of a tool, in the shape a client receives as `structuredContent` (snake_case on the wire). */
export interface ToolPayload {
  readonly status: string;
  readonly content?: string;
  readonly content_type?: 'text' | 'markdown' | 'json';
  /** The answer in the protocol's own blocks, which a client then gets in place of the payload as text. */
  readonly blocks?: readonly ContentBlock[];
  readonly continuation_id?: string;
  readonly continuation_offer?: {
    readonly continuation_id: string;
    readonly note: string;
    readonly remaining_turns: number;
  };
  readonly metadata: PayloadMetadata;
  readonly [extra: string]: unknown;
}

export interface PayloadMetadata {
  readonly tool_name: string;
  readonly correlation_id: string;
  readonly duration_ms: number;
  readonly model_used?: string;
  readonly provider_used?: string;
  readonly usage?: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly total_tokens: number;
    readonly cached_tokens?: number;
    readonly reasoning_tokens?: number;
    /** The vendor counted nothing: these are estimates. */
    readonly estimated?: true;
  };
  /** US dollars by the price list; absent = the price is not known. */
  readonly cost_usd?: number;
  readonly sources?: readonly { readonly title: string; readonly url: string }[];
  readonly finish_reason?: string;
  readonly truncated?: boolean;
  readonly fallback_from?: readonly FailedCandidate[];
  readonly warnings?: readonly string[];
  readonly [extra: string]: unknown;
}

export type ToolOutcome =
  | { readonly ok: true; readonly payload: ToolPayload }
  | {
      readonly ok: false;
      readonly error: ErrorEnvelope;
      /** Work that was done before the call failed. */
      readonly partial?: ToolPayload;
    };

/** Levels of log messages, the least urgent first. */
export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/**
 * Small, droppable news about a running call, in order. `phase` is for people, with how much of it is done where that
 * is known; `delta` is model text; `log` is data for those who look after the client; `release` asks for the end of
 * the stream that the caller waits on, because its client is to poll.
 */
export type CallProgress =
  | {
      readonly kind: 'phase';
      readonly message: string;
      readonly progress?: number;
      readonly total?: number;
    }
  | { readonly kind: 'delta'; readonly text: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly data: unknown; readonly logger?: string }
  | { readonly kind: 'release' };

/** What a tool may ask of whoever made its call, and what that one answered. */
export interface CallInput {
  can(kind: InputKind): boolean;
  /** As the client answered; undefined = not asked or not answered yet. */
  response(key: string): unknown;
}

/** One of the questions that a call consists of. */
export interface MemberQuestion {
  /** Names the question within its call: the same key is asked once, however often the call is repeated. */
  readonly key: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The call that stands for a question, once it was taken on. */
export interface Member {
  readonly callId: string;
  /** Absent while it waits or runs. */
  readonly outcome?: ToolOutcome;
}

/**
 * Calls that a call asks, each with its own row and job: it is retried, put back and counted by itself, and has the
 * rights of the call that asks.
 */
export interface MemberCalls {
  /**
   * Takes on the questions that nobody asked before, in their order, as long as fewer than `atOnce` are open.
   * @returns one entry for each question; undefined = not taken on yet
   * @throws ExaiError STORE_UNAVAILABLE
   */
  ask(questions: readonly MemberQuestion[], atOnce: number): Promise<readonly (Member | undefined)[]>;
}

/** What an engine gets beside the call itself. */
export interface AttemptContext {
  /** 1 for the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How often the call was put back because there was no place for it. */
  readonly putBacks: number;
  /** Failures of earlier attempts of this call, oldest first. */
  readonly failures: readonly FailedCandidate[];
  /** Aborts on cancel, on the deadline and on shutdown; reaches the provider's socket. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
  readonly spending: Spending;
  readonly members: MemberCalls;
  readonly input: CallInput;
}
