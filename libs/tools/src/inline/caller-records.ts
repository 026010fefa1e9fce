import { type InputRequests, type ToolPayload } from '../tool.js';

/** What the system keeps for one caller, as inline tools report it. Fields are named as a client receives them. */

/** One call of a tool: what it was and how it ended, never its arguments or its answer. */
export interface CallRecord {
  readonly call_id: string;
  /** Of the call that asked this one, as `consensus` does for each model. */
  readonly parent_call_id?: string;
  readonly tool: string;
  /** State of the ledger: for example `RUNNING`, `COMPLETED`, `FAILED`. */
  readonly state: string;
  /** ISO 8601. */
  readonly accepted_at: string;
  /** Absent while it runs. */
  readonly duration_ms?: number;
  readonly attempts: number;
  readonly correlation_id: string;
  readonly error_code?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cost_usd?: number;
}

/** What became of one call. */
export interface CallOutcome {
  readonly call_id: string;
  readonly tool: string;
  /** State of the ledger. */
  readonly state: string;
  readonly seconds_since_accepted: number;
  /**
   * What its caller got, failures too: these have status `error` and the envelope in `error`. Absent while the call
   * is open.
   */
  readonly payload?: ToolPayload;
  /** Questions that the call waits for an answer to. */
  readonly input_requests?: InputRequests;
}

export interface CallRange {
  readonly limit: number;
  /** Bounds of the time a call was accepted, both included. */
  readonly since?: Date;
  readonly until?: Date;
}

export interface ThreadSummary {
  readonly continuation_id: string;
  /** The tool that opened it. */
  readonly tool: string;
  readonly turns: number;
  /** ISO 8601, like the other times. */
  readonly created_at: string;
  readonly last_activity_at: string;
  readonly expires_at: string;
}

export interface ThreadReport extends ThreadSummary {
  /** The newest, oldest first. */
  readonly messages: readonly {
    readonly role: 'user' | 'assistant';
    readonly tool: string;
    readonly content: string;
    readonly provider?: string;
    readonly model?: string;
    readonly files: readonly string[];
    readonly at: string;
  }[];
}

/** Whose records: always the caller of the tool. */
export interface RecordOwner {
  readonly tenant: string;
  readonly subject: string;
}

/** The records of a caller. Needs the database: rejects with STORE_UNAVAILABLE without it. */
export abstract class CallerRecords {
  /** Newest first. */
  abstract calls(owner: RecordOwner, range: CallRange): Promise<readonly CallRecord[]>;
  /**
   * @param id a UUID
   * @param waitMs how long to wait for the end of an open call, or for a question of it
   * @throws ExaiError NOT_FOUND for an id that is unknown or somebody else's, and for an answer that is no longer kept
   */
  abstract outcome(owner: RecordOwner, id: string, waitMs?: number): Promise<CallOutcome>;
  /** The last used first; expired ones are not there. */
  abstract threads(owner: RecordOwner, limit: number): Promise<readonly ThreadSummary[]>;
  /**
   * @param messages how many at most
   * @throws ExaiError CONVERSATION_EXPIRED for an id that is malformed, unknown, expired or somebody else's
   */
  abstract thread(owner: RecordOwner, id: string, messages: number): Promise<ThreadReport>;
  /** @throws ExaiError CONVERSATION_EXPIRED as `thread` */
  abstract deleteThread(owner: RecordOwner, id: string): Promise<void>;
}
