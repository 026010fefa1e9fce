import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { FileReader, isDataUrl } from '#libs/file-access';
import { estimateTokens, type ModelCard, ModelRouter, type RouteDecision } from '#libs/providers';
import { Inject, Injectable } from '@nestjs/common';
import { cutAnswer } from '../asking/answer.js';
import { filesOf } from '../call-files.js';
import { type ConsensusTool } from '../define.js';
import { fitImages, nameImages, readImagesAgain, TOKENS_PER_IMAGE } from '../asking/images.js';
import { inLocale } from '../asking/locale.js';
import { fitOptions } from '../asking/model-options.js';
import { ModelQuestion } from '../asking/model-question.js';
import { ModelRequest } from '../asking/model-request.js';
import { buildMessages } from '../asking/prompt.js';
import { answerMetadata } from '../simple/simple-payload.js';
import { answerTokens } from '../asking/simple-prompt.js';
import { tokenBudget } from '../asking/token-budget.js';
import { type AttemptContext, type ToolCall, type ToolPayload } from '../tool.js';
import { selectExpertFiles } from '../workflow/expert-files.js';
import { type MemberArguments, memberPrompt, readMember } from './member-question.js';

/** How long one model may take for one attempt. */
const TIME_LIMIT_MS = 120_000;

/** One panelist's answer: a call of its own, which knows nothing of the others. */
@Injectable()
export class ConsensusMember {
  constructor(
    private readonly router: ModelRouter,
    private readonly files: FileReader,
    private readonly requests: ModelRequest,
    private readonly questions: ModelQuestion,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws AttemptFailed once the model was found fit to be asked.
   * @throws ExaiError for everything before that.
   */
  async run(tool: ConsensusTool, call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const question = readMember(call.args);
    const { models, maxCostUsd } = call.principal;
    const route = this.router.choose(
      {
        model: question.model,
        category: tool.category,
        requires: question.images.length > 0 ? { images: true } : {},
        ...(models && { allowedModels: models }),
        ...(maxCostUsd !== undefined && { maxCostUsd }),
        failures: context.failures,
      },
      context.attempt,
    );
    return this.requests.run(route, question.model, context, () =>
      this.ask(tool, question, route, call, context),
    );
  }

  private async ask(
    tool: ConsensusTool,
    question: MemberArguments,
    route: RouteDecision,
    call: ToolCall,
    context: AttemptContext,
  ): Promise<ToolPayload> {
    const { card } = route;
    const { proposal } = question;
    const system = inLocale(memberPrompt(tool, question), this.config.tools.locale);
    const { read, pictures } = await this.material(question, call, context.signal);
    const images = fitImages(pictures.images, card);
    const budget = tokenBudget(card);
    const fixed = estimateTokens(system) + estimateTokens(proposal) + images.images.length * TOKENS_PER_IMAGE;
    const files = selectExpertFiles(read, Math.min(budget.files, Math.max(0, budget.content - fixed)));
    const inputTokens = fixed + files.tokens;
    const maxOutputTokens = answerTokens(inputTokens, budget, card);
    if (maxOutputTokens === undefined) throw this.questions.contextTooLarge(route, inputTokens);
    const leftOut = [...files.leftOut, ...pictures.leftOut, ...images.leftOut];
    const options = fitOptions({}, tool.defaults, card);
    const messages = buildMessages({
      system,
      history: { turns: [] },
      files: files.files,
      notShown: leftOut,
      images: images.images,
      question: proposal,
      lastTurn: false,
    });
    const asked = { call, context, route, messages, options, inputTokens, maxOutputTokens, stream: false };
    const answered = await withinLimit(card, context.signal, (signal) =>
      this.questions.ask({ ...asked, signal }),
    );
    const { content, cut } = cutAnswer(answered.completion.content);
    const warnings = leftOut.map(({ path, reason }) => `not shown to the model: ${path} (${reason})`);
    return {
      status: 'success',
      content,
      content_type: 'markdown',
      metadata: answerMetadata(
        {
          call,
          route,
          requested: question.model,
          ...answered,
          failures: [],
          ...(read.files.length > 0 && { filesReadBy: filesOf(call, this.files).readBy }),
          warnings,
        },
        cut,
      ),
    };
  }

  /** What could be read when the proposal was made; what is gone since is named to the model. */
  private async material({ files, images }: MemberArguments, call: ToolCall, signal: AbortSignal) {
    const reader = filesOf(call, this.files);
    const mayRead = call.principal.scopes.includes('files:read');
    const named = nameImages(images).filter(({ source }) => mayRead || isDataUrl(source));
    return {
      read: await reader.readAgain(mayRead ? files : [], signal),
      pictures: await readImagesAgain(named, reader, signal),
    };
  }
}

async function withinLimit<T>(
  { id: model, provider }: ModelCard,
  ofAttempt: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(TIME_LIMIT_MS);
  try {
    return await ask(AbortSignal.any([ofAttempt, limit]));
  } catch (error) {
    if (!limit.aborted || ofAttempt.aborted) throw error;
    throw new ExaiError('PROVIDER_TIMEOUT', { provider, model, stage: 'consensus' }, { cause: error });
  }
}
