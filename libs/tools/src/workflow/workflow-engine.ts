import { isDeepStrictEqual } from 'node:util';
import { CONFIG, type Config } from '#libs/config';
import {
  ConversationStore,
  type Exchange,
  TURNS_PER_EXCHANGE,
  type WorkflowThread,
} from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type WorkflowTool } from '../define.js';
import { filesOf } from '../call-files.js';
import { FileReader } from '#libs/file-access';
import { invalidArgument } from '../invalid-argument.js';
import { ModelRequest } from '../asking/model-request.js';
import { baseMetadata } from '../payload.js';
import { resendPromptPayload } from '../simple/simple-payload.js';
import { type AttemptContext, type CallProgress, type ToolCall, type ToolPayload } from '../tool.js';
import { expertDecision, type ExpertDecision } from './expert-decision.js';
import { gather } from './gather.js';
import { keepingWork, withLocalWork } from './local-work.js';
import { questionKey, sharedMetadata } from './shared-question.js';
import { SharedRuns, type Waiter } from './shared-runs.js';
import { checkStepPaths } from './step-paths.js';
import { WorkflowExpert, type ExpertCase, type ExpertOpinion } from './workflow-expert.js';
import { expertPayload, localPayload, pausePayload, type StepReport } from './workflow-payload.js';
import { withStep } from './workflow-state.js';
import { readArguments, toStep, type StepArguments } from './workflow-step.js';
import { type WorkflowState, type WorkflowStep, type WorkflowView } from './workflow.js';

interface Run {
  readonly tool: WorkflowTool;
  readonly call: ToolCall;
  readonly context: AttemptContext;
  readonly parsed: StepArguments;
  readonly step: WorkflowStep;
  readonly thread: WorkflowThread;
  readonly view: WorkflowView;
  readonly warnings: readonly string[];
}

/** What the model said, and whether the conversation has it. */
interface Answer {
  readonly opinion: ExpertOpinion;
  readonly saved: boolean;
}

/** One step of a workflow. What was gathered lives in the conversation; an engine keeps nothing between calls. */
@Injectable()
export class WorkflowEngine {
  /** Last steps whose question is under way in this process. */
  private readonly shared = new SharedRuns<Answer>();

  constructor(
    private readonly conversations: ConversationStore,
    private readonly files: FileReader,
    private readonly expert: WorkflowExpert,
    private readonly requests: ModelRequest,
    @Inject(CONFIG) private readonly config: Config,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(WorkflowEngine.name);
  }

  /**
   * @throws AttemptFailed once a model was chosen.
   * @throws ExaiError for everything before that; until a step is recorded the thread stays as it was.
   */
  async run(tool: WorkflowTool, call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const { maxPromptChars } = this.config.limits;
    const resend = resendPromptPayload(call, maxPromptChars, 'relevant_files');
    if (resend) return resend;

    const run = await this.begin(tool, call, context);
    const { view, parsed } = run;
    context.onProgress(stepPhase(view));
    const first = tool.answerFirst?.(view);
    if (first) return firstPayload(run, first);
    const { use_assistant_model: wanted = this.config.tools.expertAnalysis, model = 'auto' } = parsed;
    if (tool.expert && wanted && (view.stepNumber === 1 || model !== 'auto')) {
      this.expert.assertModel(tool, { ...run, expert: tool.expert });
    }
    if (parsed.next_step_required || view.stepNumber < (tool.minimumSteps?.(view) ?? 1)) {
      return this.pause(run, tool.pause?.(view) ?? {});
    }
    const open = tool.keepOpen?.(view);
    if (open) return this.pause(run, { ...tool.pause?.(view), ...open });

    const enabledBy = parsed.use_assistant_model === undefined ? 'setting' : 'caller';
    const decision = expertDecision(tool, view, { wanted, enabledBy });
    return decision.kind === 'ask'
      ? this.askExpert({ ...run, expert: decision.expert })
      : this.endLocally(run, decision);
  }

  private async begin(tool: WorkflowTool, call: ToolCall, context: AttemptContext): Promise<Run> {
    const parsed = readArguments(call.args);
    const { step_number: stepNumber, backtrack_from_step: backtrackFrom, continuation_id: id } = parsed;
    if (backtrackFrom !== undefined && backtrackFrom >= stepNumber) {
      throw invalidArgument('/backtrack_from_step', 'a number below step_number');
    }
    const step = toStep(parsed, call.args);
    if (tool.needsFiles && stepNumber === 1 && step.relevantFiles.length === 0) {
      throw invalidArgument('/relevant_files', 'at least one path in step 1');
    }
    await checkStepPaths(tool, step, call, filesOf(call, this.files), context.signal);
    const thread = await this.conversations.openWorkflow(id, call.principal, tool.name, call.id);
    // Written by this engine only.
    const earlier = thread.state as WorkflowState | undefined;
    const { keepsPrevious = false } = tool;
    const entry = { tool: tool.name, step, backtrackFrom, turns: thread.turns.length, keepsPrevious };
    const state = withStep(earlier, { ...entry, last: false });
    const warnings = stepNumber > 1 && !earlier ? ['workflow started without its earlier steps'] : [];
    const seen = {
      args: call.args,
      state,
      gathered: gather(state.steps),
      stepNumber,
      continued: id !== undefined,
    };
    return { tool, call, context, parsed, step, thread, warnings, view: withTotal(tool, seen, parsed) };
  }

  private async pause(run: Run, fields: Readonly<Record<string, unknown>>): Promise<ToolPayload> {
    await run.thread.record(run.call.id, run.view.state, exchangeOf(run));
    const report = reportOf(run);
    return pausePayload({ ...report, warnings: [...report.warnings, ...roomWarnings(run)] }, fields);
  }

  private async endLocally(
    run: Run,
    decision: Exclude<ExpertDecision, { kind: 'ask' }>,
  ): Promise<ToolPayload> {
    await run.thread.record(run.call.id, finished(run.view.state), exchangeOf(run));
    return localPayload(reportOf(run), decision);
  }

  /** Who sends the same last step while its question is under way gets the same answer. */
  private async askExpert(run: Run & ExpertCase): Promise<ToolPayload> {
    const { context } = run;
    const ask = (waiter: Waiter): Promise<Answer> =>
      this.askOnce({ ...run, context: { ...context, ...waiter } });
    try {
      const { outcome, isFirst } = await this.shared.join(questionKey(run), context, ask);
      const { opinion, saved } = outcome;
      const warnings = saved ? run.warnings : [...run.warnings, 'thread_not_saved'];
      const metadata = opinion.metadata(warnings);
      return expertPayload(
        reportOf(run),
        opinion.answer,
        opinion.filesEmbedded,
        isFirst ? { ...metadata, ...baseMetadata(run.call) } : sharedMetadata(metadata, run.call),
      );
    } catch (error) {
      throw withLocalWork({ ...reportOf(run), signal: context.signal }, error);
    }
  }

  /** The step is recorded before the model is asked: whatever becomes of that, the work is not lost. */
  private async askOnce(asked: Run & ExpertCase): Promise<Answer> {
    const run = await this.recordLast(asked);
    try {
      const prepared = await this.expert.prepare(run);
      const requested = run.parsed.model ?? 'auto';
      return await this.requests.run(prepared.route, requested, run.context, async () => {
        const opinion = await this.expert.ask(prepared);
        return { opinion, saved: await this.save(run, opinion) };
      });
    } catch (error) {
      throw keepingWork({ ...reportOf(run), signal: run.context.signal }, error);
    }
  }

  /** A step that another call has recorded just as it is here is no conflict: both want the same. */
  private async recordLast<R extends Run>(run: R): Promise<R> {
    try {
      await run.thread.record(run.call.id, finished(run.view.state));
      return run;
    } catch (error) {
      if (!(error instanceof ExaiError) || error.code !== 'CONVERSATION_CONFLICT') throw error;
      const { thread, view } = await this.begin(run.tool, run.call, run.context);
      if (!isDeepStrictEqual(view.state, run.view.state)) throw error;
      await thread.record(run.call.id, finished(view.state));
      return { ...run, thread, view };
    }
  }

  /** A turn that cannot be saved does not cost the caller the answer; the step itself is recorded. */
  private async save(run: Run, { completion, text }: ExpertOpinion): Promise<boolean> {
    const { provider, model, usage } = completion;
    const { user, assistant } = exchangeOf(run);
    const content = [assistant.content, text].filter((part) => part.trim() !== '').join('\n\n');
    try {
      await run.thread.commit(run.call.id, {
        user,
        assistant: {
          content,
          provider,
          model,
          usage: { inputTokens: usage.input, outputTokens: usage.output, totalTokens: usage.total },
        },
      });
      return true;
    } catch (error) {
      this.logger.error({ err: error }, 'conversation not saved');
      return false;
    }
  }
}

/** What later readers of the thread see of a step: no numbers, ids or statuses, which would be stale by then. */
function exchangeOf({ step }: Run): Exchange {
  const content = step.findings.trim() === '' ? 'Noted.' : step.findings;
  return { user: { content: step.step, files: step.relevantFiles }, assistant: { content } };
}

function finished(state: WorkflowState): WorkflowState {
  return { ...state, finished: true };
}

function reportOf({ tool, call, view, thread, warnings }: Run): StepReport {
  return { tool, call, view, threadId: thread.id, warnings };
}

/** What the next step should know of a conversation that is nearly full. */
function roomWarnings({ thread }: Run): string[] {
  const left = thread.remainingTurns - TURNS_PER_EXCHANGE;
  if (left >= 2 * TURNS_PER_EXCHANGE) return [];
  return left < TURNS_PER_EXCHANGE
    ? ['the conversation is full: begin a new one without continuation_id, with a summary of what matters']
    : ['the conversation has room for one more step: make it the last'];
}

function firstPayload({ tool, call, parsed }: Run, fields: Readonly<Record<string, unknown>>): ToolPayload {
  const { continuation_id: id } = parsed;
  return {
    status: `pause_for_${tool.alias}`,
    step_number: parsed.step_number,
    ...fields,
    ...(id !== undefined && { continuation_id: id }),
    metadata: baseMetadata(call),
  };
}

function stepPhase({ stepNumber, totalSteps }: WorkflowView): CallProgress {
  const message = `step ${stepNumber} of ${totalSteps}`;
  return { kind: 'phase', message, progress: stepNumber, total: totalSteps };
}

function withTotal(
  tool: WorkflowTool,
  seen: Omit<WorkflowView, 'totalSteps'>,
  { total_steps: said, next_step_required: more }: StepArguments,
): WorkflowView {
  const { stepNumber } = seen;
  const view = { ...seen, totalSteps: Math.max(said, stepNumber) };
  const minimum = tool.minimumSteps?.(view) ?? 1;
  // A step that may not be the last has at least one after it.
  const atLeast = !more && stepNumber < minimum ? stepNumber + 1 : stepNumber;
  return { ...view, totalSteps: Math.max(tool.totalSteps?.(view) ?? said, minimum, atLeast) };
}
