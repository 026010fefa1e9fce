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
  /** Of the model that answered; absent on user turns. */
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
    readonly provider: string;
    readonly model: string;
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
  /** Model of the last assistant turn. */
  readonly lastModel?: string;
  /** Adds both turns or none. Repeating it for the same call changes nothing. */
  commit(callId: string, exchange: Exchange): Promise<void>;
}
