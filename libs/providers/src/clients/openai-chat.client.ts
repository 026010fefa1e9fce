import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ClientSettings } from '../define.js';
import {
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  type CompletionUsage,
  ModelClient,
  type ModelToolCall,
  type PayloadPreview,
  type RateLimitState,
  type RemoteModel,
} from '../model-client.js';
import type { ProviderFiles } from '../provider-files.js';
import type { SearchApi } from '../search-api.js';
import { BadAnswerError } from './bad-answer.js';
import { capturedHeaders } from './captured-headers.js';
import { ErrorClassifier, requestIdOf } from './classify-error.js';
import { Answer, type AnswerPiece } from './openai-answer.js';
import { OpenAiApi } from './openai-api.js';
import { buildPayload, type ChatPayload } from './openai-chat.payload.js';
import { OpenAiFiles } from './openai-files.js';
import { finishReasonOf } from './openai-finish.js';
import { fetchRemoteModels } from './openai-models.js';
import { readStreamedAnswer, readWholeAnswer } from './openai-read-answer.js';
import { OpenAiSearch } from './openai-search.js';
import { addUsage, usageOf } from './openai-usage.js';
import { isSearch, MAX_SEARCH_ROUNDS, searchNameOf, withSearchEchoed } from './openai-web-search.js';
import { readRateLimit } from './rate-limit-headers.js';
import { RequestWatch } from './request-watch.js';

type OnDelta = (delta: CompletionDelta) => void;

/** One call of `complete`, over all its requests. */
interface Call {
  readonly request: CompletionRequest;
  readonly signal: AbortSignal;
  readonly onDelta: OnDelta;
  readonly startedAt: number;
  firstTokenMs: number | undefined;
}

/** What one HTTP request brought. */
interface Round {
  readonly answer: Answer;
  readonly usage: CompletionUsage;
  readonly requestId: string | undefined;
  readonly rateLimit: RateLimitState | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Speaks the chat-completions dialect. Holds no state between requests but the connections of its provider. */
export class OpenAiChatClient extends ModelClient {
  declare readonly files?: ProviderFiles;
  declare readonly searchApi?: SearchApi;
  private readonly classifier: ErrorClassifier;
  private readonly api: OpenAiApi;
  private readonly searchName: string | undefined;

  constructor(private readonly settings: ClientSettings) {
    super();
    const { provider, apiKey } = settings;
    this.classifier = new ErrorClassifier(provider, apiKey);
    this.api = new OpenAiApi(settings);
    this.searchName = searchNameOf(provider.quirks);
    const { files, searchApi } = provider.quirks;
    if (files) this.files = new OpenAiFiles(files, provider.id, this.api, this.classifier);
    if (searchApi) this.searchApi = new OpenAiSearch(searchApi, settings, this.api, this.classifier);
  }

  override prepare(): Promise<void> {
    return this.api.prepare();
  }

  /** A web search that the vendor hands back as tool calls takes a request for each round; all else takes one. */
  async complete(request: CompletionRequest, signal: AbortSignal, onDelta?: OnDelta): Promise<Completion> {
    const call: Call = {
      request,
      signal,
      onDelta: onDelta ?? (() => undefined),
      startedAt: performance.now(),
      firstTokenMs: undefined,
    };
    let payload = buildPayload(request, this.settings.provider.quirks);
    let usage: CompletionUsage | undefined;
    let content = '';
    let reasoning = '';
    for (let round = 1; ; round += 1) {
      const { answer, ...result } = await this.ask(payload, call);
      usage = addUsage(usage, result.usage);
      content += answer.content;
      reasoning += answer.reasoning;
      if (!isSearch(answer, this.searchName)) {
        return this.completionOf(call, answer, { ...result, usage }, content, reasoning);
      }
      if (round > MAX_SEARCH_ROUNDS) throw this.bad(request.model, 'the search did not come to an end');
      payload = withSearchEchoed(payload, answer);
    }
  }

  preview(request: CompletionRequest): PayloadPreview {
    const body = buildPayload(request, this.settings.provider.quirks);
    return { method: 'POST', url: this.api.urlOf('/chat/completions'), body };
  }

  listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return fetchRemoteModels(this.api, this.classifier, this.settings.provider.id, signal);
  }

  classifyError(raw: unknown, model?: ModelCard): ExaiError {
    return this.classifier.classify(raw, model);
  }

  /** Exactly one HTTP request. */
  private async ask(payload: ChatPayload, call: Call): Promise<Round> {
    const { model, correlationId, messages, captureHeaders } = call.request;
    const streamed = payload['stream'] === true;
    const watch = new RequestWatch(call.signal, model, this.settings.timeouts, { streamed });
    try {
      watch.check();
      const response = await this.api.send({
        method: 'post',
        path: '/chat/completions',
        body: payload,
        headers: { 'x-request-id': correlationId },
        signal: watch.signal,
      });
      watch.gotHeaders();
      const answer = new Answer(this.settings.provider.quirks.reasoningFields);
      if (streamed) {
        await readStreamedAnswer(response, answer, (piece, ended) => {
          if (piece.hasContent) {
            watch.heard();
            call.firstTokenMs ??= since(call.startedAt);
          }
          this.tell(call, answer, piece, ended);
        });
      } else {
        await readWholeAnswer(response, answer, (piece) => this.tell(call, answer, piece, true));
      }
      // A body may end without an error when its request is given up.
      watch.check();
      const counted = { messages, answer: answer.reasoning + answer.content };
      return {
        answer,
        usage: usageOf(answer.usage, response.headers, counted),
        requestId: requestIdOf(response.headers) ?? answer.requestId,
        rateLimit: readRateLimit(response.headers),
        headers: captureHeaders && capturedHeaders(response.headers, this.classifier.redact),
      };
    } catch (error) {
      throw watch.reason ?? this.classify(error, model);
    } finally {
      watch.close();
    }
  }

  private tell({ request, onDelta }: Call, answer: Answer, piece: AnswerPiece, ended: boolean): void {
    if (piece.reasoning !== '') onDelta({ type: 'reasoning', value: piece.reasoning });
    if (piece.text !== '') onDelta({ type: 'text', value: piece.text });
    if (answer.calls.size === 0 || !offersTools(request)) return;
    for (const toolCall of this.withoutSearch(answer.calls.complete(ended))) {
      onDelta({ type: 'tool_call', value: JSON.stringify(toolCall) });
    }
  }

  /** A search beside calls of the caller's functions is left out: the caller could not answer it. */
  private withoutSearch(calls: readonly ModelToolCall[]): readonly ModelToolCall[] {
    return this.searchName === undefined ? calls : calls.filter(({ name }) => name !== this.searchName);
  }

  private completionOf(
    { request, startedAt, firstTokenMs }: Call,
    answer: Answer,
    { usage, requestId, rateLimit, headers }: Omit<Round, 'answer'>,
    content: string,
    reasoning: string,
  ): Completion {
    const toolCalls = this.withoutSearch(answer.calls.all());
    this.check(answer, toolCalls, request);
    const finish = finishReasonOf(answer.finish);
    const { sources } = answer;
    return {
      content,
      ...(reasoning !== '' && { reasoning }),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(sources.length > 0 && { sources }),
      usage,
      model: request.model.id,
      provider: this.settings.provider.id,
      finishReason: toolCalls.length > 0 && finish === 'stop' ? 'tool_calls' : finish,
      ...(requestId !== undefined && { upstreamRequestId: requestId }),
      ...(rateLimit && { rateLimit }),
      ...(headers && { headers }),
      latencyMs: since(startedAt),
      ...(firstTokenMs !== undefined && { firstTokenMs }),
    };
  }

  /** An empty or broken-off answer is a failure, not a text. */
  private check(answer: Answer, toolCalls: readonly ModelToolCall[], request: CompletionRequest): void {
    const { model } = request;
    const details = { provider: this.settings.provider.id, model: model.id };
    if (answer.finish === 'network_error') {
      const reason = 'the model ended with network_error';
      throw new ExaiError('PROVIDER_UNAVAILABLE', { ...details, reason });
    }
    if (answer.calls.size > 0 && !offersTools(request)) {
      throw this.bad(model, 'the answer calls a tool that nobody offered');
    }
    if (toolCalls.length > 0 || answer.content.trim() !== '') return;
    const finish = finishReasonOf(answer.finish);
    if (finish === 'content_filter') throw new ExaiError('CONTENT_FILTERED', details);
    throw this.bad(
      model,
      finish === 'length'
        ? 'the output limit was used up before any answer text'
        : `the answer is empty (finish reason ${(answer.finish ?? 'missing').slice(0, 40)})`,
    );
  }

  private classify(error: unknown, model: ModelCard): ExaiError {
    if (error instanceof ExaiError) {
      const details = { provider: this.settings.provider.id, model: model.id, ...error.details };
      return new ExaiError(error.code, details, { cause: error.cause });
    }
    // What cannot be read as an answer, wherever in the answer that is.
    if (error instanceof BadAnswerError) return this.bad(model, error.message);
    if (error instanceof SyntaxError) return this.bad(model, 'the answer is not valid JSON');
    if (error instanceof Error && error.name === 'ZodError') {
      return this.bad(model, 'the answer has another shape');
    }
    return this.classifier.classify(error, model);
  }

  private bad(model: ModelCard, reason: string): ExaiError {
    const provider = this.settings.provider.id;
    return new ExaiError('PROVIDER_BAD_RESPONSE', { provider, model: model.id, reason });
  }
}

/** Whole milliseconds. */
function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}

function offersTools({ tools, toolChoice }: CompletionRequest): boolean {
  return tools !== undefined && tools.length > 0 && toolChoice !== 'none';
}
