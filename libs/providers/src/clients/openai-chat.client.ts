import { ExaiError } from '#libs/errors';
import type OpenAI from 'openai';
import { buildPayload, type ChatPayload } from './openai-chat.payload.js';
import { ErrorClassifier, requestIdOf } from './classify-error.js';
import type { ClientSettings } from '../define.js';
import type { ModelCard } from '../catalogue/model-card.js';
import {
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  type CompletionUsage,
  ModelClient,
  type PayloadPreview,
  type RemoteModel,
} from '../model-client.js';
import { Answer } from './answer.js';
import { RequestWatch } from './request-watch.js';
import { readEvents, readText } from './response-body.js';
import { addUsage, finishReasonOf } from './wire.js';

/** Times the vendor may ask for its own search again before the answer counts as failed. */
const MAX_SEARCH_ROUNDS = 5;
const MAX_ERROR_BYTES = 64 * 1024;
type OnDelta = (delta: CompletionDelta) => void;

const NO_USAGE: CompletionUsage = { input: 0, output: 0, total: 0 };

/** Speaks the chat-completions dialect. Holds no state between requests but the connection pool of the process. */
export class OpenAiChatClient extends ModelClient {
  private readonly classifier: ErrorClassifier;
  private api: Promise<OpenAI> | undefined;

  constructor(private readonly settings: ClientSettings) {
    super();
    this.classifier = new ErrorClassifier(settings.provider, settings.apiKey);
  }

  override async prepare(): Promise<void> {
    await (this.api ??= this.open());
  }

  /** A web search that the vendor hands back as tool calls takes a request for each round; all else takes one. */
  async complete(request: CompletionRequest, signal: AbortSignal, onDelta?: OnDelta): Promise<Completion> {
    const startedAt = performance.now();
    const { quirks, id: provider } = this.settings.provider;
    let payload = buildPayload(request, quirks);
    let usage = NO_USAGE;
    let content = '';
    for (let round = 1; ; round += 1) {
      const answer = await this.ask(payload, request, signal, onDelta);
      usage = addUsage(usage, answer.totalUsage);
      content += answer.content;
      if (!isSearch(answer, payload, quirks.webSearch?.echoToolCalls)) {
        this.check(answer, request.model);
        return {
          content,
          ...(answer.reasoning !== '' && { reasoning: answer.reasoning }),
          usage,
          model: request.model.id,
          provider,
          finishReason: finishReasonOf(answer.finish ?? ''),
          ...(answer.requestId !== undefined && { upstreamRequestId: answer.requestId }),
          latencyMs: Math.round(performance.now() - startedAt),
        };
      }
      if (round > MAX_SEARCH_ROUNDS) throw this.bad(request.model, 'the search did not come to an end');
      payload = withSearchEchoed(payload, answer);
    }
  }

  preview(request: CompletionRequest): PayloadPreview {
    const body = buildPayload(request, this.settings.provider.quirks);
    return { method: 'POST', url: `${this.settings.baseUrl}/chat/completions`, body };
  }

  listRemoteModels(_signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return Promise.reject(new ExaiError('INTERNAL', { reason: 'not there yet' }));
  }

  classifyError(raw: unknown, model?: ModelCard): ExaiError {
    return this.classifier.classify(raw, model ?? this.settings.provider.models[0]!);
  }

  /** Exactly one HTTP request. */
  private async ask(
    payload: ChatPayload,
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta: OnDelta | undefined,
  ): Promise<Answer> {
    const { model } = request;
    const timeoutMs = this.settings.timeouts.totalMs * model.timeoutMultiplier;
    const watch = new RequestWatch(signal, model, timeoutMs);
    try {
      watch.check();
      const response = await this.send(payload, request.correlationId, watch.signal, timeoutMs);
      const answer = payload['stream']
        ? await this.readStream(response, request, watch, onDelta)
        : await this.readWhole(response, request, onDelta);
      // A body may end without an error when its request is given up.
      watch.check();
      answer.requestId = requestIdOf(response.headers) ?? answer.requestId;
      return answer;
    } catch (error) {
      throw watch.reason ?? this.classify(error, model);
    } finally {
      watch.close();
    }
  }

  private async send(
    payload: ChatPayload,
    correlationId: string,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<Response> {
    const api = await (this.api ??= this.open());
    return api
      .post('/chat/completions', {
        body: payload,
        headers: { 'X-Request-Id': correlationId },
        signal,
        // The watch decides; the package's own timer must never come first.
        timeout: timeoutMs + 10_000,
        fetchOptions: { redirect: 'manual' },
      })
      .asResponse();
  }

  private async open(): Promise<OpenAI> {
    // Loaded by the worker when it starts: a process that never asks a model starts faster without it.
    const { default: Api } = await import('openai');
    return new Api({
      // The package refuses to start without one, and a local endpoint ignores it.
      apiKey: this.settings.apiKey || 'none',
      baseURL: this.settings.baseUrl,
      // Null keeps the package from reading these from the environment.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      logLevel: 'off',
      fetch: withShortErrors(this.settings.fetch),
    });
  }

  private async readWhole(
    response: Response,
    { model }: CompletionRequest,
    onDelta: OnDelta | undefined,
  ): Promise<Answer> {
    const body = await readText(response);
    this.checkType(response, model, 'json');
    const answer = new Answer();
    const { text } = answer.add(body);
    if (answer.finish === undefined) throw this.bad(model, 'the answer has no choices or no finish reason');
    if (text !== '') onDelta?.({ type: 'text', value: text });
    return answer;
  }

  private async readStream(
    response: Response,
    { model }: CompletionRequest,
    watch: RequestWatch,
    onDelta: OnDelta | undefined,
  ): Promise<Answer> {
    if (!contentTypeOf(response).includes('event-stream')) {
      await response.body?.cancel();
      this.checkType(response, model, 'event-stream');
    }
    const answer = new Answer();
    for await (const event of readEvents(response)) {
      const { text, hasContent } = answer.add(event);
      if (hasContent) watch.heard();
      if (text !== '') onDelta?.({ type: 'text', value: text });
    }
    if (answer.finish === undefined && !watch.reason) {
      throw this.bad(model, 'the stream ended before the answer was complete');
    }
    return answer;
  }

  private checkType(response: Response, model: ModelCard, expected: string): void {
    const type = contentTypeOf(response);
    if (!type.includes(expected)) {
      throw this.bad(model, `content type ${type.slice(0, 80) || 'missing'} in place of ${expected}`);
    }
  }

  /** An empty or broken-off answer is a failure, not a text. */
  private check(answer: Answer, model: ModelCard): void {
    const details = { provider: this.settings.provider.id, model: model.id };
    const finish = finishReasonOf(answer.finish ?? '');
    if (answer.finish === 'network_error') {
      throw new ExaiError('PROVIDER_UNAVAILABLE', {
        ...details,
        reason: 'the model ended with network_error',
      });
    }
    if (answer.content.trim() !== '') return;
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
    if (error instanceof SyntaxError) return this.bad(model, 'the answer is not valid JSON');
    if (error instanceof Error && error.name === 'ZodError')
      return this.bad(model, 'the answer has another shape');
    return this.classifier.classify(error, model);
  }

  private bad(model: ModelCard, reason: string): ExaiError {
    const provider = this.settings.provider.id;
    return new ExaiError('PROVIDER_BAD_RESPONSE', { provider, model: model.id, reason });
  }
}

function contentTypeOf(response: Response): string {
  return response.headers.get('content-type') ?? '';
}

/** The package reads the body of a refused request without a limit, so it is given a short one. */
function withShortErrors(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.ok) return response;
    const text = await readText(response, MAX_ERROR_BYTES).catch(() => '');
    // Some statuses may not have a body at all.
    return new Response(text === '' ? null : text, { status: response.status, headers: response.headers });
  };
}

/** The vendor asks its own search to be run: every call is the search that the request switched on. */
function isSearch(answer: Answer, payload: ChatPayload, echoes: boolean | undefined): boolean {
  if (!echoes || !Array.isArray(payload['tools']) || finishReasonOf(answer.finish ?? '') !== 'tool_calls') {
    return false;
  }
  const names = new Set(
    payload['tools'].map((tool: unknown) => (tool as { function?: { name?: unknown } }).function?.name),
  );
  const calls = answer.toolCalls;
  return calls.length > 0 && calls.every((call) => names.has(call.function.name));
}

/** The vendor runs its search itself once it gets the arguments of its call back unchanged. */
function withSearchEchoed(payload: ChatPayload, answer: Answer): ChatPayload {
  const calls = answer.toolCalls;
  const asked = {
    role: 'assistant',
    content: answer.content,
    ...(answer.reasoning !== '' && { reasoning_content: answer.reasoning }),
    tool_calls: calls,
  };
  const results = calls.map((call) => ({
    role: 'tool',
    tool_call_id: call.id,
    name: call.function.name,
    content: call.function.arguments,
  }));
  return { ...payload, messages: [...payload.messages, asked, ...results] };
}
