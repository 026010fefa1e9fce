import {
  type Completion,
  estimateTokens,
  ModelRouter,
  ProviderRegistry,
  type RouteDecision,
} from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { cutAnswer } from '../asking/answer.js';
import { type DirectRequest, type DirectTool } from '../define.js';
import { modelFields } from '../fields.js';
import { fitOptions } from '../asking/model-options.js';
import { ModelQuestion } from '../asking/model-question.js';
import { ModelRequest } from '../asking/model-request.js';
import { successPayload } from '../payload.js';
import { answerMetadata } from '../simple/simple-payload.js';
import { answerTokens } from '../asking/simple-prompt.js';
import { tokenBudget } from '../asking/token-budget.js';
import { type AttemptContext, type ToolCall, type ToolPayload } from '../tool.js';

/** Fields the engine itself understands; a tool has some or all of them beside its own. */
const engineFields = z.object({ model: modelFields.model, stream: modelFields.stream });

/** What role and separators of one message take, about. */
const TOKENS_PER_MESSAGE = 4;

interface Question {
  readonly tool: DirectTool;
  readonly call: ToolCall;
  readonly context: AttemptContext;
  readonly request: DirectRequest;
  /** Estimated. */
  readonly inputTokens: number;
  readonly model: string;
  readonly stream: boolean;
}

/** One request to a model of one vendor, as the tool wrote it. */
@Injectable()
export class DirectEngine {
  constructor(
    private readonly router: ModelRouter,
    private readonly registry: ProviderRegistry,
    private readonly requests: ModelRequest,
    private readonly questions: ModelQuestion,
  ) {}

  async run(tool: DirectTool, call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const { model, stream } = engineFields.parse(call.args);
    const request = tool.request(call.args);
    const inputTokens = tokensOf(request);
    const { models, maxCostUsd } = call.principal;
    const route = this.router.chooseOf(tool.provider, {
      model,
      category: tool.category,
      requires: {
        contextTokens: inputTokens,
        webSearch: request.webSearch ?? false,
        tools: (request.tools?.length ?? 0) > 0,
      },
      ...(models && { allowedModels: models }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
      failures: context.failures,
    });
    const question = { tool, call, context, request, inputTokens, model, stream };
    return this.requests.run(route, model, context, () => this.ask(question, route));
  }

  private async ask(question: Question, route: RouteDecision): Promise<ToolPayload> {
    const { tool, call, context, request, inputTokens, model, stream } = question;
    const { card } = route;
    const maxOutputTokens = answerTokens(inputTokens, tokenBudget(card), card);
    if (maxOutputTokens === undefined) throw this.questions.contextTooLarge(route, inputTokens);
    const { messages, tools, toolChoice, temperature, webSearch, captureHeaders } = request;
    const options = fitOptions({ temperature, webSearch }, tool.defaults, card);
    const answered = await this.questions.ask({
      call,
      context,
      route,
      messages,
      options,
      inputTokens,
      maxOutputTokens,
      stream,
      special: {
        ...(tools && tools.length > 0 && { tools, ...(toolChoice !== undefined && { toolChoice }) }),
        ...(captureHeaders && { captureHeaders, streamed: false }),
      },
    });
    const { completion, cut } = cutCompletion(answered.completion);
    const { warnings = [], ...answer } = tool.answer({ completion, isUsable: this.isUsable }, call.args);
    const metadata = answerMetadata(
      {
        call,
        route,
        requested: model,
        ...answered,
        failures: context.failures,
        warnings: [...options.warnings, ...warnings],
      },
      cut,
    );
    return { ...successPayload(call, answer), metadata };
  }

  private readonly isUsable = (name: string): boolean => {
    const card = this.registry.find(name);
    return (
      card !== undefined &&
      card.status !== 'retired' &&
      this.registry.isAllowed(card) &&
      this.registry.status(card.provider).state === 'ready'
    );
  };
}

function tokensOf({ messages, tools = [] }: DirectRequest): number {
  const texts = messages.flatMap((message) => (typeof message.content === 'string' ? [message.content] : []));
  const calls = messages.flatMap((message) => {
    if (message.role !== 'assistant') return [];
    const asked = (message.toolCalls ?? []).map(({ name, arguments: text }) => name + text);
    return message.reasoning === undefined ? asked : [message.reasoning, ...asked];
  });
  const definitions = tools.map((tool) => JSON.stringify(tool));
  const written = [...texts, ...calls, ...definitions].reduce((sum, text) => sum + estimateTokens(text), 0);
  return written + messages.length * TOKENS_PER_MESSAGE;
}

function cutCompletion(completion: Completion): { readonly completion: Completion; readonly cut: boolean } {
  const { content, cut } = cutAnswer(completion.content);
  if (completion.reasoning === undefined) return { completion: { ...completion, content }, cut };
  const thought = cutAnswer(completion.reasoning);
  return { completion: { ...completion, content, reasoning: thought.content }, cut: cut || thought.cut };
}
