import type { ExaiError } from '#libs/errors';
import type { ModelCard } from './catalogue/model-card.js';
import type { ProviderFiles } from './provider-files.js';
import type { RateLimitState } from './rate-limit-state.js';
import type { SearchApi } from './search-api.js';

export type { RateLimitState };

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

export interface ImagePart {
  readonly type: 'image';
  /** For example `image/png`. */
  readonly mediaType: string;
  /** Base64, without a `data:` prefix. */
  readonly data: string;
}

/** A call of a caller's own function that the model asks for. */
export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text exactly as the model wrote it; not necessarily valid. */
  readonly arguments: string;
}

/** One message of a conversation with a model, the same for every dialect. */
export type ChatMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string | readonly (TextPart | ImagePart)[] }
  | {
      readonly role: 'assistant';
      readonly content: string;
      /** What the model thought; some vendors want it back beside tool calls. */
      readonly reasoning?: string;
      readonly toolCalls?: readonly ModelToolCall[];
    }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly name?: string; readonly content: string };

/** A function that the model may ask to be called. */
export interface FunctionTool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };
export type ThinkingMode = 'minimal' | 'low' | 'medium' | 'high' | 'max';

/**
 * One request to one model. The client sends exactly one HTTP request for it and never retries; only a web search
 * that the vendor hands back to us takes one request per round.
 */
export interface CompletionRequest {
  readonly model: ModelCard;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly thinkingMode?: ThinkingMode;
  readonly webSearch?: boolean;
  readonly tools?: readonly FunctionTool[];
  readonly toolChoice?: ToolChoice;
  readonly maxOutputTokens?: number;
  /** Sent upstream as `X-Request-Id`. */
  readonly correlationId: string;
  /**
   * Ask the vendor for a stream; default: whenever the model can. A stream shows early that a vendor hangs, also
   * to callers who want the answer whole.
   */
  readonly streamed?: boolean;
  /** Tell which headers the answer came with; default: none of them. */
  readonly captureHeaders?: true;
  /**
   * Awaited once the request has its place at the provider and before anything is sent; a rejection keeps it from
   * being sent. For what must not be done for calls that are put back, such as reserving money.
   */
  readonly admit?: () => Promise<void>;
  /** The call was put back before, for want of a place: places that are kept for such calls are for it. */
  readonly cameBack?: boolean;
}

/** One piece of an answer, in order. Only `text` pieces are the answer; `tool_call` holds JSON of a `ModelToolCall`. */
export interface CompletionDelta {
  readonly type: 'text' | 'reasoning' | 'tool_call';
  readonly value: string;
}

export interface CompletionUsage {
  /** Tokens of the prompt, cached ones included. */
  readonly input: number;
  /** Tokens of the answer, reasoning included. */
  readonly output: number;
  readonly total: number;
  readonly cached?: number;
  readonly reasoning?: number;
  /** The vendor counted nothing; these are our estimates. */
  readonly estimated?: true;
}

/** A page the model found while it searched the web. */
export interface WebSource {
  readonly title: string;
  readonly url: string;
}

export interface Completion {
  readonly content: string;
  readonly reasoning?: string;
  /** Never set for a request without `tools`. */
  readonly toolCalls?: readonly ModelToolCall[];
  readonly sources?: readonly WebSource[];
  readonly usage: CompletionUsage;
  /** Id of the card. */
  readonly model: string;
  readonly provider: string;
  readonly finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';
  readonly upstreamRequestId?: string;
  readonly rateLimit?: RateLimitState;
  /** Only if the request asks for them: limits, ids and caches, never a credential; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly latencyMs: number;
  /** From the request to the first piece of content. */
  readonly firstTokenMs?: number;
}

/** The request a client would send, without any secret. */
export interface PayloadPreview {
  readonly method: 'POST';
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One entry of the vendor's own list of models; what it does not say is absent. */
export interface RemoteModel {
  readonly id: string;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  readonly images?: boolean;
}

/** Speaks one API dialect to one provider. Rejects with `ExaiError`, never returns a failure as text. */
export abstract class ModelClient {
  /** The vendor's file store, where it has one. */
  readonly files?: ProviderFiles;

  /** The vendor's web search without a model, where it has one. */
  readonly searchApi?: SearchApi;

  /** Loads what the first request would otherwise wait for. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  abstract complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion>;

  /** Throws MODEL_CAPABILITY for what the vendor is known to refuse, like `complete` would. */
  abstract preview(request: CompletionRequest): PayloadPreview;

  /** The models the vendor lists now. One request, costs no tokens. */
  abstract listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]>;

  /** The one place where what this vendor answers becomes one of our errors. */
  abstract classifyError(raw: unknown, model?: ModelCard): ExaiError;
}
