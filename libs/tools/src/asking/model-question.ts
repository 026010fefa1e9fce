import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  type ChatMessage,
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  costOf,
  ProviderRegistry,
  type RouteDecision,
} from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { type FittedOptions } from './model-options.js';
import { askPaid } from './paid-request.js';
import { type AttemptContext, type ToolCall } from '../tool.js';

const MAX_MESSAGE = 120;

export interface QuestionParts {
  readonly call: ToolCall;
  readonly context: AttemptContext;
  readonly route: RouteDecision;
  readonly messages: readonly ChatMessage[];
  readonly options: FittedOptions;
  /** Estimated. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** Pass the answer on while it grows. */
  readonly stream: boolean;
  /** Default: the signal of the attempt. */
  readonly signal?: AbortSignal;
  /** What few questions need. */
  readonly special?: Pick<CompletionRequest, 'tools' | 'toolChoice' | 'captureHeaders' | 'streamed'>;
}

export interface Answered {
  readonly completion: Completion;
  /** US dollars; absent = the price is not known. */
  readonly costUsd?: number;
}

/** One question to the model that was chosen: progress, money, answer. */
@Injectable()
export class ModelQuestion {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly metrics: Metrics,
  ) {}

  async ask(parts: QuestionParts): Promise<Answered> {
    const { call, context, route, messages, options, inputTokens, maxOutputTokens, stream } = parts;
    const { card, provider } = route;
    const { spending, signal: ofAttempt } = context;
    const { signal = ofAttempt, special } = parts;
    const attempt = context.attempt > 1 ? ` (attempt ${context.attempt} of ${context.maxAttempts})` : '';
    tellPhase(context, `asking ${card.id}${attempt}`);
    const onDelta = deltaTeller(context, card.id);
    const request = {
      model: card,
      messages,
      ...withoutWarnings(options),
      ...special,
      maxOutputTokens,
      correlationId: call.correlationId,
      cameBack: context.putBacks > 0,
    };
    const { maxCostUsd = Infinity } = call.principal;
    const completion = await askPaid({
      card,
      inputTokens,
      maxOutputTokens,
      limitUsd: Math.min(maxCostUsd, this.registry.maxCostPerCallUsd ?? Infinity),
      signal,
      spending,
      send: (admit) => {
        const paid = admit ? { ...request, admit } : request;
        return stream ? provider.stream(paid, onDelta, signal) : provider.chat(paid, signal);
      },
    });
    const costUsd = this.costOf(completion, route);
    return { completion, ...(costUsd !== undefined && { costUsd }) };
  }

  /** What to say of a prompt that leaves no room for an answer. */
  contextTooLarge({ card }: RouteDecision, tokens: number): ExaiError {
    const larger = this.registry
      .models()
      .filter(({ contextWindow, provider }) => {
        return contextWindow > card.contextWindow && this.registry.status(provider).state === 'ready';
      })
      .sort((a, b) => a.contextWindow - b.contextWindow);
    return new ExaiError('CONTEXT_TOO_LARGE', {
      provider: card.provider,
      model: card.id,
      limit: card.contextWindow,
      tokens,
      suggestions: larger.slice(0, 3).map(({ id }) => id),
    });
  }

  private costOf({ usage, provider, model }: Completion, { card }: RouteDecision): number | undefined {
    const usd = costOf(card, usage);
    if (usd !== undefined) this.metrics.providerCost.inc({ provider, model }, usd);
    return usd;
  }
}

function withoutWarnings({ warnings: _warnings, ...wishes }: FittedOptions) {
  return wishes;
}

export function tellPhase({ onProgress }: AttemptContext, message: string): void {
  onProgress({ kind: 'phase', message: message.slice(0, MAX_MESSAGE) });
}

function deltaTeller(context: AttemptContext, model: string): (delta: CompletionDelta) => void {
  let answering = false;
  return ({ type, value }) => {
    if (type !== 'text') return;
    if (!answering) tellPhase(context, `${model} answering`);
    answering = true;
    context.onProgress({ kind: 'delta', text: value });
  };
}
