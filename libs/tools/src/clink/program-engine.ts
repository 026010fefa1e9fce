import { tmpdir } from 'node:os';
import { CONFIG, type Config } from '#libs/config';
import { type Conversation, ConversationStore, TURNS_PER_EXCHANGE } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { createRedactor } from '#libs/observability';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { z } from 'zod';
import { FileReader } from '#libs/file-access';
import { invalidArgument } from '../invalid-argument.js';
import { tellPhase } from '../asking/model-question.js';
import { baseMetadata } from '../payload.js';
import { type ProgramEnd, runProgram } from '../programs/run-program.js';
import { resendPromptPayload, threadFields } from '../simple/simple-payload.js';
import { type AttemptContext, type ToolCall, type ToolPayload } from '../tool.js';
import { type AgentCli, AgentClis, type CliRole } from './agent-clis.js';
import { type CliAnswer, readCliAnswer } from './cli-answer.js';
import { cliPrompt } from './cli-prompt.js';

/** Checked by the tool's own schema before. */
const callArguments = z.object({
  prompt: z.string(),
  cli_name: z.string(),
  role: z.string(),
  absolute_file_paths: z.array(z.string()),
  images: z.array(z.string()),
  continuation_id: z.string().optional(),
});

const MAX_ANSWER_BYTES = 4_194_304;
const MAX_COMPLAINT_BYTES = 16_384;
const MAX_COMPLAINT_CHARS = 500;
const HEARTBEAT_MS = 5_000;
/** Kept back for stopping the program and storing the answer before the deadline of the call. */
const RESERVE_MS = 5_000;
const MIN_TIMEOUT_MS = 1_000;

/** Hands a prompt to an agent program and answers with what it prints. */
@Injectable()
export class ProgramEngine {
  private readonly redact: (value: unknown) => unknown;

  constructor(
    private readonly clis: AgentClis,
    private readonly conversations: ConversationStore,
    private readonly files: FileReader,
    @Inject(CONFIG) private readonly config: Config,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ProgramEngine.name);
    this.redact = createRedactor(config.secrets);
  }

  /**
   * @throws ExaiError PROVIDER_REJECTED when the program fails, DEADLINE_EXCEEDED when it takes too long,
   * and what is wrong with the arguments. None of them is tried again: the program may have worked already.
   */
  async run(call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const args = callArguments.parse(call.args);
    const { maxPromptChars } = this.config.limits;
    const resend = resendPromptPayload(call, maxPromptChars, 'absolute_file_paths');
    if (resend) return resend;
    const cli = this.clis.find(args.cli_name);
    if (!cli) throw invalidArgument('/cli_name', 'a program that is still configured');
    const role = cli.roles.get(args.role);
    if (!role) throw invalidArgument('/role', `one of ${[...cli.roles.keys()].join(', ')} for this program`);
    await this.checkPaths(call, args, context.signal);
    const conversation = await this.conversations.open(args.continuation_id, call.principal, call.tool);
    const { absolute_file_paths: files, images, prompt } = args;
    const input = cliPrompt({ role: role.prompt, turns: conversation.turns, files, images, prompt });
    const end = await this.runCli(cli, role, input, call, context);
    const answer = this.answerOf(cli, end);
    const saved = await this.save(conversation, call, args, answer);
    return payloadOf(call, { cli: cli.name, role: args.role, end, answer, ...(saved && { thread: saved }) });
  }

  private async checkPaths(
    { principal, clientFiles }: ToolCall,
    { absolute_file_paths: files, images }: z.output<typeof callArguments>,
    signal: AbortSignal,
  ): Promise<void> {
    if (files.length + images.length === 0) return;
    if (!principal.scopes.includes('files:read')) {
      throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
    }
    if (clientFiles) throw invalidArgument('/absolute_file_paths', 'paths on the computer of the gateway');
    await this.files.check(files, 'absolute_file_paths', { exists: true, signal });
    await this.files.check(images, 'images', { exists: true, signal });
  }

  private async runCli(
    { name, program, args, env, timeoutMs }: AgentCli,
    role: CliRole,
    input: string,
    call: ToolCall,
    context: AttemptContext,
  ): Promise<ProgramEnd> {
    tellPhase(context, `asking ${name}`);
    const began = Date.now();
    const heartbeat = setInterval(
      () => tellPhase(context, `${name} working, ${Math.round((Date.now() - began) / 1_000)} s`),
      HEARTBEAT_MS,
    );
    try {
      const end = await runProgram({
        program,
        args: [...args, ...role.args],
        cwd: this.config.files.roots[0] ?? tmpdir(),
        env,
        input,
        timeoutMs: Math.max(MIN_TIMEOUT_MS, Math.min(timeoutMs, call.deadline - began - RESERVE_MS)),
        signal: context.signal,
        stdout: { maxBytes: MAX_ANSWER_BYTES, over: 'stop' },
        stderr: { maxBytes: MAX_COMPLAINT_BYTES, over: 'keep end' },
      });
      if (end.timedOut) throw new ExaiError('DEADLINE_EXCEEDED', { stage: `program ${name}` });
      return end;
    } finally {
      clearInterval(heartbeat);
    }
  }

  private answerOf({ name }: AgentCli, end: ProgramEnd): CliAnswer {
    const answer = readCliAnswer(end.stdout);
    // One that was stopped for its length has not failed by itself.
    if (end.exitCode !== 0 && !end.truncated) {
      const how =
        end.exitCode === null ? `was ended by ${end.signal}` : `ended with exit code ${end.exitCode}`;
      throw this.failed(name, how, end.stderr);
    }
    if (answer.failed) throw this.failed(name, 'says that it failed', answer.content);
    if (answer.content === '') throw this.failed(name, 'ended without an answer', end.stderr);
    return answer;
  }

  /** The end of what the program says is what matters, and the front of a message is what is kept. */
  private failed(name: string, how: string, complaint: string): ExaiError {
    const reason = String(this.redact(readCliAnswer(complaint.slice(-MAX_COMPLAINT_BYTES)).content))
      .slice(-MAX_COMPLAINT_CHARS)
      .trim();
    const lead = `The program ${name} ${how}`;
    const words = reason.slice(-(MAX_COMPLAINT_CHARS - lead.length - 2)).trim();
    const wording = {
      message: words === '' ? `${lead}.` : `${lead}: ${words}`,
      hint: 'Part of its work may be done: look at the project and correct what it complains of; before that, repeating the same call will not help.',
    };
    return new ExaiError(
      'PROVIDER_REJECTED',
      { provider: name, ...(reason !== '' && { reason }) },
      { wording },
    );
  }

  /** A conversation that cannot be saved does not cost the caller the answer. */
  private async save(
    conversation: Conversation,
    call: ToolCall,
    { prompt, absolute_file_paths: files }: z.output<typeof callArguments>,
    { content }: CliAnswer,
  ): Promise<{ id: string; remainingTurns: number } | undefined> {
    try {
      await conversation.commit(call.id, { user: { content: prompt, files }, assistant: { content } });
      return { id: conversation.id, remainingTurns: conversation.remainingTurns - TURNS_PER_EXCHANGE };
    } catch (error) {
      this.logger.error({ err: error }, 'conversation not saved');
      return undefined;
    }
  }
}

interface Outcome {
  readonly cli: string;
  readonly role: string;
  readonly end: ProgramEnd;
  readonly answer: CliAnswer;
  readonly thread?: { readonly id: string; readonly remainingTurns: number };
}

function payloadOf(call: ToolCall, { cli, role, end, answer, thread }: Outcome): ToolPayload {
  const warnings = [
    ...(end.truncated ? [`${cli} was stopped after 4 MiB of output`] : []),
    ...(thread ? [] : ['thread_not_saved']),
  ];
  return {
    ...threadFields(thread),
    content: answer.content,
    content_type: 'markdown',
    metadata: {
      ...baseMetadata(call),
      cli_name: cli,
      role,
      ...((answer.cut || end.truncated) && { truncated: true }),
      ...(warnings.length > 0 && { warnings }),
    },
  };
}
