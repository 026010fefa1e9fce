import { TURNS_PER_EXCHANGE, trimHistory, type WorkflowThread } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { estimateTokens, ModelRouter, type ModelCard, type RouteDecision } from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { cutAnswer } from '../answer.js';
import { type ThinkingMode, type WorkflowTool } from '../define.js';
import { FileReader, type ReadFiles } from '../files.js';
import { chooseModel } from '../model-choice.js';
import { fitOptions, type WantedOptions } from '../model-options.js';
import { ModelQuestion, tellPhase, type Answered } from '../model-question.js';
import { buildMessages } from '../prompt.js';
import { answerMetadata } from '../simple-payload.js';
import { answerTokens } from '../simple-prompt.js';
import { tokenBudget } from '../token-budget.js';
import { type AttemptContext, type PayloadMetadata, type ToolCall } from '../tool.js';
import { readExpertAnswer, type ExpertAnswer } from './expert-answer.js';
import { selectExpertFiles, type ExpertFiles } from './expert-files.js';
import { expertQuestion } from './expert-question.js';
import { type StepArguments } from './workflow-step.js';
import { type Expert, type WorkflowView } from './workflow.js';

/** What the model is asked for takes at most half of what may be sent: files and history need the rest. */
const QUESTION_SHARE = 0.5;
const MAX_PATHS = 200;
const HEARTBEAT_MS = 5_000;
const BASE_TIMEOUT_MS = 180_000;
/** Kept back for storing the answer before the deadline of the call. */
const RESERVE_MS = 5_000;
const MIN_TIMEOUT_MS = 1_000;
const MAX_WARNED_FILES = 20;

const THINKING_TIME: Readonly<Record<ThinkingMode, number>> = {
  minimal: 0.5,
  low: 0.7,
  medium: 1,
  high: 1.5,
  max: 2,
};

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
  ) {}

  /**
   * Whether the call could ask a model at its end; a fault that passes by itself is none before that.
   * @throws ExaiError for a model that does not exist, is not allowed or is not configured.
   */
  assertModel(tool: WorkflowTool, parts: Omit<ExpertCase, 'view' | 'tool'>): void {
    try {
      this.choose(tool, parts, '', { files: [], skipped: [] });
    } catch (error) {
      if (!(error instanceof ExaiError) || !error.retryable) throw error;
    }
  }

  /** Reads the files and chooses the model by their size. */
  async prepare(parts: ExpertCase): Promise<PreparedCase> {
    const { tool, expert, view, call, context } = parts;
    // What was named last comes first: when room is short, the older is left out.
    const named = [...(expert.extraFiles?.(view) ?? []), ...view.gathered.relevantFiles.toReversed()];
    const paths = [...new Set(named)].slice(0, MAX_PATHS);
    const mayRead = call.principal.scopes.includes('files:read');
    const read = mayRead ? await this.files.readAgain(paths, context.signal) : { files: [], skipped: [] };
    const text = expertQuestion(view.state, view.gathered, expert.instruction, Infinity);
    return { ...parts, read, route: this.choose(tool, parts, text, read) };
  }

  async ask(prepared: PreparedCase): Promise<ExpertOpinion> {
    const { tool, expert, call, context, parsed, view, thread, read, route } = prepared;
    const { card } = route;
    const budget = tokenBudget(card);
    const maxTokens = Math.floor(budget.content * QUESTION_SHARE);
    const question = expertQuestion(view.state, view.gathered, expert.instruction, maxTokens);
    const fixed = estimateTokens(expert.prompt) + estimateTokens(question);
    const files = selectExpertFiles(read, Math.min(budget.files, Math.max(0, budget.content - fixed)));
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
    const messages = buildMessages({
      system: expert.prompt,
      history,
      files: files.files,
      notShown: files.leftOut,
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
    const fixedWarnings = [...options.warnings, ...omissions(files)];
    const { failures } = context;
    const requested = parsed.model ?? 'auto';
    return {
      ...answered,
      answer: readExpertAnswer(content),
      text: content,
      filesEmbedded: files.files.length,
      metadata: (warnings) =>
        answerMetadata(
          { call, route, requested, ...answered, failures, warnings: [...warnings, ...fixedWarnings] },
          cut,
        ),
    };
  }

  private choose(
    tool: WorkflowTool,
    { expert, call, context, parsed, thread }: Omit<ExpertCase, 'view' | 'tool'>,
    text: string,
    read: ReadFiles,
  ): RouteDecision {
    return chooseModel(
      this.router,
      {
        tool: { category: tool.category, prompt: expert.prompt },
        model: parsed.model ?? 'auto',
        text,
        files: selectExpertFiles(read, Infinity).files,
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

function omissions({ leftOut }: ExpertFiles): string[] {
  const lines = leftOut
    .slice(0, MAX_WARNED_FILES)
    .map(({ path, reason }) => `not shown to the model: ${path} (${reason})`);
  const more = leftOut.length - lines.length;
  return more > 0 ? [...lines, `not shown to the model: ${more} more files`] : lines;
}

function timeLimit(card: ModelCard, thinkingMode: ThinkingMode | undefined, deadline: number): number {
  const own = BASE_TIMEOUT_MS * card.timeoutMultiplier * THINKING_TIME[thinkingMode ?? 'medium'];
  return Math.max(MIN_TIMEOUT_MS, Math.min(own, deadline - Date.now() - RESERVE_MS));
}

/** Lets the model think for so long, and tells every few seconds that it still does. */
async function withinLimit<T>(
  context: AttemptContext,
  { id: model, provider }: ModelCard,
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const late = new ExaiError('PROVIDER_TIMEOUT', { provider, model, stage: 'expert analysis' });
  const timer = setTimeout(() => limit.abort(late), limitMs);
  const began = Date.now();
  const heartbeat = setInterval(
    () => tellPhase(context, `${model} thinking, ${Math.round((Date.now() - began) / 1_000)} s`),
    HEARTBEAT_MS,
  );
  try {
    return await ask(AbortSignal.any([context.signal, limit.signal]));
  } catch (error) {
    if (limit.signal.aborted && !context.signal.aborted) throw late;
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(heartbeat);
  }
}
