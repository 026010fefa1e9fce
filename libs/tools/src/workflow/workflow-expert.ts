import { CONFIG, type Config } from '#libs/config';
import { TURNS_PER_EXCHANGE, trimHistory, type WorkflowThread } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { FileReader, isDataUrl, type ReadFiles, type SkippedFile } from '#libs/file-access';
import { estimateTokens, ModelRouter, type RouteDecision } from '#libs/providers';
import { Inject, Injectable } from '@nestjs/common';
import { cutAnswer } from '../asking/answer.js';
import { type WorkflowTool } from '../define.js';
import { filesOf } from '../call-files.js';
import {
  fitImages,
  type FittingImages,
  nameImages,
  readImagesAgain,
  TOKENS_PER_IMAGE,
} from '../asking/images.js';
import { inLocale } from '../asking/locale.js';
import { chooseModel } from '../asking/model-choice.js';
import { fitOptions, type WantedOptions } from '../asking/model-options.js';
import { ModelQuestion, type Answered } from '../asking/model-question.js';
import { type GitChanges, GitReader, withChanges } from '../programs/git-changes.js';
import { buildMessages } from '../asking/prompt.js';
import { answerMetadata } from '../simple/simple-payload.js';
import { answerTokens } from '../asking/simple-prompt.js';
import { tokenBudget } from '../asking/token-budget.js';
import { type AttemptContext, type PayloadMetadata, type ToolCall } from '../tool.js';
import { readExpertAnswer, type ExpertAnswer } from './expert-answer.js';
import { selectExpertFiles } from './expert-files.js';
import { expertQuestion } from './expert-question.js';
import { timeLimit, withinLimit } from './expert-time-limit.js';
import { type StepArguments } from './workflow-step.js';
import { type Expert, type WorkflowView } from './workflow.js';

/** What the model is asked for takes at most half of what may be sent: files and history need the rest. */
const QUESTION_SHARE = 0.5;
const MAX_PATHS = 200;
const MAX_WARNED_FILES = 20;

export interface ExpertCase {
  readonly tool: WorkflowTool;
  readonly expert: Expert;
  readonly call: ToolCall;
  readonly context: AttemptContext;
  readonly parsed: StepArguments;
  readonly view: WorkflowView;
  readonly thread: WorkflowThread;
}

export interface PreparedCase extends ExpertCase {
  readonly read: ReadFiles;
  readonly changes: GitChanges;
  readonly images: FittingImages;
  readonly route: RouteDecision;
}

export interface ExpertOpinion extends Answered {
  readonly answer: ExpertAnswer;
  /** The answer as text, for the conversation. */
  readonly text: string;
  readonly filesEmbedded: number;
  readonly metadata: (warnings: readonly string[]) => PayloadMetadata;
}

/** The question to a model at the end of a workflow. */
@Injectable()
export class WorkflowExpert {
  constructor(
    private readonly router: ModelRouter,
    private readonly files: FileReader,
    private readonly questions: ModelQuestion,
    private readonly git: GitReader,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Whether the call could ask a model at its end; a fault that passes by itself is none before that.
   * @throws ExaiError for a model that does not exist, is not allowed or is not configured.
   */
  assertModel(tool: WorkflowTool, parts: Omit<ExpertCase, 'tool'>): void {
    try {
      this.choose(tool, parts, '', { files: [], skipped: [] }, parts.view.gathered.images.length);
    } catch (error) {
      if (!(error instanceof ExaiError) || !error.retryable) throw error;
    }
  }

  /** Reads the files and chooses the model by their size. */
  async prepare(parts: ExpertCase): Promise<PreparedCase> {
    const { tool, expert, view, call, context, thread } = parts;
    // What was named last comes first: when room is short, the older is left out.
    const named = [
      ...(expert.extraFiles?.(view) ?? []),
      ...view.gathered.relevantFiles.toReversed(),
      ...earlierTurns(tool, view, thread)
        .toReversed()
        .flatMap((turn) => turn.files),
    ];
    const paths = [...new Set(named)].slice(0, MAX_PATHS);
    const mayRead = call.principal.scopes.includes('files:read');
    const files = filesOf(call, this.files);
    const read = mayRead ? await files.readAgain(paths, context.signal) : { files: [], skipped: [] };
    const text = expertQuestion(view.state, view.gathered, expert.instruction, Infinity);
    const changes = await this.git.read(expert.changes?.(view), call, context.signal);
    const shown = withChanges(read, changes, Infinity);
    const images = await readImagesAgain(
      nameImages(view.gathered.images)
        .toReversed()
        .filter(({ source }) => mayRead || isDataUrl(source)),
      files,
      context.signal,
    );
    const route = this.choose(tool, parts, text, shown, images.images.length);
    return { ...parts, read, changes, images, route };
  }

  async ask(prepared: PreparedCase): Promise<ExpertOpinion> {
    const { tool, expert, call, context, parsed, view, thread, read, route } = prepared;
    const { card } = route;
    const budget = tokenBudget(card);
    const maxTokens = Math.floor(budget.content * QUESTION_SHARE);
    const question = expertQuestion(view.state, view.gathered, expert.instruction, maxTokens);
    const system = inLocale(expert.prompt, this.config.tools.locale);
    const images = fitImages(prepared.images.images, card);
    const fixed = estimateTokens(system) + estimateTokens(question) + images.images.length * TOKENS_PER_IMAGE;
    const room = Math.min(budget.files, Math.max(0, budget.content - fixed));
    const files = selectExpertFiles(withChanges(read, prepared.changes, room), room);
    const spare = Math.max(0, budget.content - fixed - files.tokens);
    const history = trimHistory(
      earlierTurns(tool, view, thread),
      Math.min(budget.history, spare),
      estimateTokens,
    );
    const inputTokens =
      fixed + files.tokens + history.turns.reduce((sum, turn) => sum + estimateTokens(turn.content), 0);
    const maxOutputTokens = answerTokens(inputTokens, budget, card);
    if (maxOutputTokens === undefined) throw this.questions.contextTooLarge(route, inputTokens);
    const options = fitOptions(wantedBy(parsed), expert.defaults, card);
    const leftOut = [...files.leftOut, ...prepared.images.leftOut, ...images.leftOut];
    const messages = buildMessages({
      system,
      history,
      files: files.files,
      notShown: leftOut,
      images: images.images.toReversed(),
      question,
      lastTurn: thread.remainingTurns < 2 * TURNS_PER_EXCHANGE,
    });
    const limitMs = timeLimit(card, options.thinkingMode, call.deadline);
    const answered = await withinLimit(context, card, limitMs, (signal) =>
      this.questions.ask({
        call,
        context,
        route,
        messages,
        options,
        inputTokens,
        maxOutputTokens,
        stream: false,
        signal,
      }),
    );
    const { content, cut } = cutAnswer(answered.completion.content);
    const fixedWarnings = [...options.warnings, ...prepared.changes.warnings, ...omissions(leftOut)];
    const { failures } = context;
    const requested = parsed.model ?? 'auto';
    return {
      ...answered,
      answer: readExpertAnswer(content),
      text: content,
      filesEmbedded: files.files.length,
      metadata: (warnings) =>
        answerMetadata(
          {
            call,
            route,
            requested,
            ...answered,
            failures,
            ...(read.files.length > 0 && { filesReadBy: filesOf(call, this.files).readBy }),
            warnings: [...warnings, ...fixedWarnings],
          },
          cut,
        ),
    };
  }

  private choose(
    tool: WorkflowTool,
    { expert, call, context, parsed, thread }: Omit<ExpertCase, 'view' | 'tool'>,
    text: string,
    read: ReadFiles,
    images: number,
  ): RouteDecision {
    return chooseModel(
      this.router,
      {
        tool: { category: tool.category, prompt: expert.prompt },
        model: parsed.model ?? 'auto',
        text,
        files: selectExpertFiles(read, Infinity).files,
        images,
        wanted: wantedBy(parsed),
        conversation: thread,
        failures: context.failures,
        limits: call.principal,
      },
      context.attempt,
    );
  }
}

function wantedBy({ temperature, thinking_mode, use_websearch }: StepArguments): WantedOptions {
  return { temperature, thinkingMode: thinking_mode, webSearch: use_websearch };
}

/** What the thread holds beside this workflow, whose own steps are in the question. */
function earlierTurns(tool: WorkflowTool, { state }: WorkflowView, { turns }: WorkflowThread) {
  return turns.filter((turn, index) => index < state.earlierTurns || turn.tool !== tool.name);
}

function omissions(leftOut: readonly SkippedFile[]): string[] {
  const lines = leftOut
    .slice(0, MAX_WARNED_FILES)
    .map(({ path, reason }) => `not shown to the model: ${path} (${reason})`);
  const more = leftOut.length - lines.length;
  return more > 0 ? [...lines, `not shown to the model: ${more} more files`] : lines;
}
