export interface TurnUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

/** One message of a conversation. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tool: string;
  /** Of the model that answered; absent on user turns and where none was asked. */
  readonly provider?: string;
  readonly model?: string;
  /** Paths of the files this turn showed to the model. */
  readonly files: readonly string[];
  readonly at: Date;
}

/** A question and its answer. */
export const TURNS_PER_EXCHANGE = 2;

/** What one call adds. */
export interface Exchange {
  readonly user: { readonly content: string; readonly files?: readonly string[] };
  readonly assistant: {
    readonly content: string;
    /** Absent when no model was asked. */
    readonly provider?: string;
    readonly model?: string;
    readonly usage?: TurnUsage;
  };
}

/** A thread as one call sees it: the turns as they were when it was opened. */
export interface Conversation {
  /** After `commit` this is the thread the call's turns stand in, also when an earlier run of the call wrote them. */
  readonly id: string;
  /** Oldest first. */
  readonly turns: readonly Turn[];
  /** Turns that still fit; one exchange takes two. */
  readonly remainingTurns: number;
  /** The model that answered last. */
  readonly lastModel?: string;
  /** Adds both turns or none. Repeating it for the same call changes nothing. */
  commit(callId: string, exchange: Exchange): Promise<void>;
}

/** A thread as one call of a workflow tool sees it. */
export interface WorkflowThread extends Conversation {
  /** JSON as this tool recorded it in this thread; undefined = it never did. */
  readonly state: unknown;
  /**
   * Replaces the state, and adds the exchange where there is one: all or nothing. Repeating it for a call whose
   * exchange is written changes nothing.
   * @throws ExaiError CONVERSATION_CONFLICT when another call has recorded since the thread was opened.
   * CONVERSATION_FULL when the exchange does not fit any more.
   */
  record(callId: string, state: unknown, exchange?: Exchange): Promise<void>;
}
