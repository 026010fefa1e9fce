import { ExaiError } from '#libs/errors';
import { ZodError } from 'zod';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ClientSettings } from '../define.js';
import {
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  ModelClient,
  type PayloadPreview,
  type RemoteModel,
} from '../model-client.js';
import { MessagesAnswer } from './anthropic-messages.answer.js';
import { MessagesApi } from './anthropic-messages.api.js';
import { withoutEnvelope } from './anthropic-messages.errors.js';
import { fetchRemoteModels } from './anthropic-messages.models.js';
import { buildPayload, type MessagesPayload } from './anthropic-messages.payload.js';
import { countedOf, finishReasonOf } from './anthropic-messages.wire.js';
import { BadAnswerError } from './bad-answer.js';
import { capturedHeaders } from './captured-headers.js';
import { ErrorClassifier, requestIdOf } from './classify-error.js';
import { usageOf as estimatedUsageOf } from './openai-usage.js';
import { readRateLimit } from './rate-limit-headers.js';
import { RequestWatch } from './request-watch.js';
import { readEvents, readText } from './response-body.js';

const MESSAGES = '/v1/messages';

type OnDelta = (delta: CompletionDelta) => void;

interface Asked {
  readonly answer: MessagesAnswer;
  readonly headers: Headers;
  readonly firstTokenAt: number | undefined;
}

/** Speaks the Messages dialect of Anthropic. Holds no state between requests but the connections it was given. */
export class AnthropicMessagesClient extends ModelClient {
  private readonly classifier: ErrorClassifier;
  private readonly api: MessagesApi;

  constructor(private readonly settings: ClientSettings) {
    super();
    this.classifier = new ErrorClassifier(settings.provider, settings.apiKey);
    this.api = new MessagesApi(settings);
  }

  override async prepare(): Promise<void> {
    await this.api.open();
  }

  async complete(request: CompletionRequest, signal: AbortSignal, onDelta?: OnDelta): Promise<Completion> {
    const startedAt = performance.now();
    const payload = buildPayload(request, this.settings.provider.quirks);
    const { answer, headers, firstTokenAt } = await this.ask(payload, request, signal, onDelta);
    const { content, reasoning, toolCalls, sources } = answer;
    const finish = finishReasonOf(answer.stopReason ?? '');
    const requestId = requestIdOf(headers) ?? (answer.messageId || undefined);
    const rateLimit = readRateLimit(headers);
    const texts = { messages: request.messages, answer: reasoning + content };
    return {
      content,
      ...(reasoning !== '' && { reasoning }),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(sources.length > 0 && { sources }),
      usage: countedOf(answer.usage) ?? estimatedUsageOf(undefined, headers, texts),
      model: request.model.id,
      provider: this.settings.provider.id,
      finishReason: toolCalls.length > 0 && finish === 'stop' ? 'tool_calls' : finish,
      ...(requestId !== undefined && { upstreamRequestId: requestId }),
      ...(rateLimit && { rateLimit }),
      ...(request.captureHeaders && { headers: capturedHeaders(headers, this.classifier.redact) }),
      latencyMs: Math.round(performance.now() - startedAt),
      ...(firstTokenAt !== undefined && { firstTokenMs: Math.round(firstTokenAt - startedAt) }),
    };
  }

  preview(request: CompletionRequest): PayloadPreview {
    const body = buildPayload(request, this.settings.provider.quirks);
    return { method: 'POST', url: this.api.urlOf(MESSAGES), body };
  }

  listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return fetchRemoteModels(this.api, signal, this.settings.provider.id, (error) => this.classify(error));
  }

  classifyError(raw: unknown, model?: ModelCard): ExaiError {
    return this.classifier.classify(withoutEnvelope(raw), model);
  }

  /** Exactly one HTTP request. */
  private async ask(
    payload: MessagesPayload,
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta: OnDelta | undefined,
  ): Promise<Asked> {
    const { model, correlationId } = request;
    const { timeouts } = this.settings;
    const streamed = payload['stream'] === true;
    const watch = new RequestWatch(signal, model, timeouts, { streamed });
    let firstTokenAt: number | undefined;
    const hear = (deltas: readonly CompletionDelta[]): void => {
      if (deltas.length > 0) firstTokenAt ??= performance.now();
      for (const delta of deltas) onDelta?.(delta);
    };
    try {
      watch.check();
      const response = await this.api.post(MESSAGES, payload, { signal: watch.signal, correlationId });
      watch.gotHeaders();
      await this.checkType(response, streamed ? 'event-stream' : 'json');
      const answer = streamed
        ? await this.readStream(response, watch, hear)
        : await this.readWhole(response, hear);
      // A body may end without an error when its request is given up.
      watch.check();
      this.check(answer, request);
      return { answer, headers: response.headers, firstTokenAt };
    } catch (error) {
      throw watch.reason ?? this.classify(error, model);
    } finally {
      watch.close();
    }
  }

  private async readWhole(
    response: Response,
    hear: (deltas: readonly CompletionDelta[]) => void,
  ): Promise<MessagesAnswer> {
    const body = await readText(response);
    const answer = new MessagesAnswer();
    const { deltas } = answer.addWhole(body);
    if (answer.stopReason === undefined) throw new BadAnswerError('the answer has no stop reason');
    hear(deltas);
    return answer;
  }

  private async readStream(
    response: Response,
    watch: RequestWatch,
    hear: (deltas: readonly CompletionDelta[]) => void,
  ): Promise<MessagesAnswer> {
    const answer = new MessagesAnswer();
    for await (const event of readEvents(response)) {
      const { deltas, hasContent } = answer.addEvent(event);
      if (hasContent) watch.heard();
      hear(deltas);
      if (answer.ended) break;
    }
    watch.check();
    if (!answer.ended || answer.stopReason === undefined) {
      throw new BadAnswerError('the stream ended before the answer was complete');
    }
    return answer;
  }

  private async checkType(response: Response, expected: string): Promise<void> {
    const type = response.headers.get('content-type') ?? '';
    if (type.includes(expected)) return;
    await response.body?.cancel();
    throw new BadAnswerError(`content type ${type.slice(0, 80) || 'missing'} in place of ${expected}`);
  }

  /** An empty or broken-off answer is a failure, not a text. */
  private check({ content, toolCalls, stopReason = '' }: MessagesAnswer, { tools }: CompletionRequest): void {
    const finish = finishReasonOf(stopReason);
    if (toolCalls.length > 0 && !tools?.length)
      throw new BadAnswerError('the answer calls a tool that nobody offered');
    if (toolCalls.length > 0 || content.trim() !== '') return;
    if (finish === 'content_filter') throw new ExaiError('CONTENT_FILTERED');
    throw new BadAnswerError(
      finish === 'length'
        ? 'the output limit was used up before any answer text'
        : `the answer is empty (stop reason ${stopReason.slice(0, 40)})`,
    );
  }

  private classify(error: unknown, model?: ModelCard): ExaiError {
    const details = { provider: this.settings.provider.id, ...(model && { model: model.id }) };
    const reason = badReasonOf(error);
    if (reason !== undefined) return new ExaiError('PROVIDER_BAD_RESPONSE', { ...details, reason });
    if (error instanceof ExaiError) {
      return new ExaiError(error.code, { ...details, ...error.details }, { cause: error.cause });
    }
    return this.classifyError(error, model);
  }
}

/** Why something cannot be read as an answer, wherever in the answer that is. */
function badReasonOf(error: unknown): string | undefined {
  if (error instanceof BadAnswerError) return error.message;
  if (error instanceof SyntaxError) return 'the answer is not valid JSON';
  return error instanceof ZodError ? 'the answer has another shape' : undefined;
}
