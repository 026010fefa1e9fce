import type { ModelCard } from './model-card.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * One request to one model. The client sends exactly one HTTP request for it and never retries; only a web search
 * that the vendor hands back to us takes one request per round.
 */
export interface CompletionRequest {
  readonly model: ModelCard;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly thinkingMode?: 'minimal' | 'low' | 'medium' | 'high' | 'max';
  readonly webSearch?: boolean;
  readonly maxOutputTokens?: number;
  /** Sent upstream as `X-Request-Id`. */
  readonly correlationId: string;
  /** Called for each piece of answer text; its presence asks for a streamed answer. */
  readonly onDelta?: (text: string) => void;
}

export interface CompletionUsage {
  readonly input: number;
  readonly output: number;
  readonly total: number;
  readonly cached?: number;
  readonly reasoning?: number;
}

export interface Completion {
  readonly content: string;
  readonly reasoning?: string;
  readonly usage: CompletionUsage;
  readonly model: string;
  readonly provider: string;
  readonly finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';
  readonly upstreamRequestId?: string;
  readonly latencyMs: number;
}

/** Speaks one API dialect to one provider. Rejects with `ExaiError`, never returns a failure as text. */
export abstract class ModelClient {
  /** Loads what the first request would otherwise wait for. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  abstract complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion>;
}
