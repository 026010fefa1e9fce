import { CONFIG, type Config } from '#libs/config';
import { ConversationStore, type Exchange } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { FileReader, isDataUrl } from '#libs/file-access';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptPostponed } from '../attempt-postponed.js';
import { filesOf } from '../call-files.js';
import { type ConsensusTool } from '../define.js';
import { readImages } from '../asking/images.js';
import { resendPromptPayload } from '../simple/simple-payload.js';
import { type InputIssue } from '../tool-input.js';
import { type AttemptContext, type Member, type ToolCall, type ToolPayload } from '../tool.js';
import { type ConsensusArguments, readArguments } from './consensus-arguments.js';
import { ConsensusMember } from './consensus-member.js';
import { consensusPayload } from './consensus-payload.js';
import { begun, consultedIn, continued, withResponses } from './consensus-state.js';
import { type ConsensusState, type ModelResponse, type Panelist } from './consensus.js';
import { memberQuestion } from './member-question.js';
import { toResponse } from './model-response.js';
import { Panels } from './panel.js';

/** Models that are consulted at once. */
const AT_ONCE = 4;
/** The way back when nobody tells that a member has ended. */
const WAIT_MS = 2_000;
/** Each model's call holds the images that have no path. */
const MAX_INLINE_CHARS = 2_800_000;
const INLINE_LIMIT = '2 MiB of images without a path';
/** Steps of one consensus that write at the same time; each holds answers of its own models only. */
const MAX_CONFLICTS = 5;

/**
 * A panel of models on one proposal. Its question is other calls, one for each model: while they are open, the call
 * itself is put back and holds no place. What was answered lives in the conversation.
 */
@Injectable()
export class ConsensusEngine {
  constructor(
    private readonly conversations: ConversationStore,
    private readonly panels: Panels,
    private readonly member: ConsensusMember,
    private readonly files: FileReader,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws AttemptPostponed while a model has not answered yet.
   * @throws AttemptFailed from members only.
   * @throws ExaiError for what is wrong with the step itself; a model that does not answer is no error.
   */
  async run(tool: ConsensusTool, call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    if (call.parentId !== undefined) return this.member.run(tool, call, context);
    const { maxPromptChars } = this.config.limits;
    const resend = resendPromptPayload(call, maxPromptChars, 'relevant_files');
    if (resend) return resend;
    const args = readArguments(call.args);
    // A call that was put back has passed.
    if (context.putBacks === 0) await this.checkMaterial(args, call, context);
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        return await this.step(tool, args, call, context);
      } catch (error) {
        // The answers are in the ledger: they are read again and added to what the other step has recorded.
        const isConflict = error instanceof ExaiError && error.code === 'CONVERSATION_CONFLICT';
        if (!isConflict || conflicts === MAX_CONFLICTS) throw error;
      }
    }
  }

  private async step(
    tool: ConsensusTool,
    args: ConsensusArguments,
    call: ToolCall,
    context: AttemptContext,
  ): Promise<ToolPayload> {
    const { step_number: stepNumber, continuation_id: id } = args;
    const thread = await this.conversations.openWorkflow(id, call.principal, tool.name, call.id);
    const panelOf = (models: NonNullable<ConsensusArguments['models']>) =>
      this.panels.panelOf(models, tool, call.principal);
    // Written by this engine only.
    const recorded = thread.state as ConsensusState | undefined;
    const state = continued(recorded, args, panelOf) ?? begun(args, panelOf(neededToBegin(args)));
    const consulted = consultedIn(state, stepNumber);
    const missing = consulted.filter((index) => state.responses[index]?.status !== 'success');
    const responses = await this.consult(state, missing, context);
    const next = withResponses(state, responses);
    if (responses.size > 0)
      await thread.record(call.id, next, exchangeOf(next, stepNumber, [...responses.keys()]));
    const isLate =
      stepNumber > 1 &&
      (args.relevant_files.some((path) => !state.files.includes(path)) ||
        args.images.some((image) => !state.images.includes(image)));
    return consensusPayload({
      call,
      state: next,
      stepNumber,
      consulted,
      ...(args.findings !== undefined && { analysis: args.findings }),
      threadId: thread.id,
      warnings: isLate ? [LATE_FILES] : [],
    });
  }

  /** @throws AttemptPostponed until all of these panelists have answered, or failed to. */
  private async consult(
    state: ConsensusState,
    indexes: readonly number[],
    { members, putBacks }: AttemptContext,
  ): Promise<ReadonlyMap<number, ModelResponse>> {
    if (indexes.length === 0) return new Map();
    const asked = await members.ask(
      indexes.map((index) => memberQuestion(state, index)),
      AT_ONCE,
    );
    if (asked.some((member) => !member?.outcome)) throw waiting(asked, putBacks);
    return new Map(
      asked.flatMap((member, at) => {
        const index = indexes[at]!;
        return member?.outcome ? [[index, toResponse(state.panel[index]!, member.outcome)] as const] : [];
      }),
    );
  }

  /** The models read them; here they are only looked for. */
  private async checkMaterial(
    { relevant_files: paths, images }: ConsensusArguments,
    call: ToolCall,
    { signal }: AttemptContext,
  ): Promise<void> {
    const isNamed = paths.length > 0 || images.some((image) => !isDataUrl(image));
    if (isNamed && !call.principal.scopes.includes('files:read')) {
      throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
    }
    const inline = images.filter(isDataUrl).reduce((sum, { length }) => sum + length, 0);
    if (inline > MAX_INLINE_CHARS) {
      throw new ExaiError('FILE_TOO_LARGE', { field: '/images', limit: INLINE_LIMIT });
    }
    const files = filesOf(call, this.files);
    await files.check(paths, 'relevant_files', { exists: true, signal });
    await readImages(images, files, signal);
  }
}

const LATE_FILES = 'files and images that a later step adds are not shown: every model sees those of step 1';

/** A later step is private notes: without what was recorded it must not become the proposal. */
function neededToBegin({
  step_number: stepNumber,
  models,
  findings,
}: ConsensusArguments): NonNullable<ConsensusArguments['models']> {
  const issues: InputIssue[] = [];
  if (stepNumber > 1) {
    const expected = '1, or the continuation_id of the consensus that this step belongs to';
    issues.push({ pointer: '/step_number', expected });
  }
  if (!models) issues.push({ pointer: '/models', expected: 'the 2 to 10 models to consult, in step 1' });
  if (findings === undefined) issues.push({ pointer: '/findings', expected: 'your own analysis, in step 1' });
  if (models && issues.length === 0) return models;
  throw new ExaiError('INVALID_ARGUMENT', { issues });
}

function waiting(asked: readonly (Member | undefined)[], putBacks: number): AttemptPostponed {
  const open = asked.filter((member) => !member?.outcome);
  const ids = open.flatMap((member) => (member ? [member.callId] : []));
  const answered = asked.length - open.length;
  // What the models are doing is news of their own calls.
  const isNews = putBacks === 0 || answered > 0;
  const message = isNews ? `${answered} of ${asked.length} models have answered` : '';
  const waitsFor = { kind: 'calls', ids } as const;
  return new AttemptPostponed(WAIT_MS, message, waitsFor, { progress: answered, total: asked.length });
}

/** What later readers of the thread see. No model is named as the author: a panel is nobody's model to go on with. */
function exchangeOf(state: ConsensusState, stepNumber: number, indexes: readonly number[]): Exchange {
  const { proposal, files, panel } = state;
  const names = indexes.map((index) => spoken(panel[index]!)).join(', ');
  return {
    user: stepNumber === 1 ? { content: proposal, files } : { content: `Consult ${names}` },
    assistant: { content: indexes.map((index) => told(state.responses[index]!)).join('\n\n') },
  };
}

function told(response: ModelResponse): string {
  const answer = response.status === 'success' ? response.verdict : `no answer (${response.error.code})`;
  return `${spoken(response)}: ${answer}`;
}

function spoken({ model, stance }: Pick<Panelist, 'model' | 'stance'>): string {
  return `${model} (${stance})`;
}
