import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { type Conversation, ConversationStore, TURNS_PER_EXCHANGE } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { FileReader, isDataUrl, type ReadFiles, type SkippedFile } from '#libs/file-access';
import { type Completion, ModelRouter, type RouteDecision } from '#libs/providers';
import { PinoLogger } from 'nestjs-pino';
import { z } from 'zod';
import { type SimpleTool } from '../define.js';
import { type DocumentMaterial, ProviderDocuments } from '../documents/provider-documents.js';
import { fileFields, imageFields, modelFields } from '../fields.js';
import { filesOf } from '../call-files.js';
import { assertTaken, type ReadImage, readImages } from '../asking/images.js';
import { inLocale } from '../asking/locale.js';
import { chooseModel } from '../asking/model-choice.js';
import { fitOptions, type WantedOptions } from '../asking/model-options.js';
import { ModelQuestion } from '../asking/model-question.js';
import { ModelRequest } from '../asking/model-request.js';
import { buildMessages, showFile, type ShownFile } from '../asking/prompt.js';
import { answerPayload, codeTooLargePayload, resendPromptPayload } from './simple-payload.js';
import { answerTokens, selectMaterial, tokensOfFiles } from '../asking/simple-prompt.js';
import { tokenBudget } from '../asking/token-budget.js';
import { type AttemptContext, type ToolCall, type ToolPayload } from '../tool.js';

/** Fields the engine itself understands; a tool has some or all of them beside its own. */
const engineFields = z.object({ ...modelFields, ...fileFields, ...imageFields }).partial();

const MAX_EARLIER_FILES = 200;

interface Question {
  readonly tool: SimpleTool;
  readonly call: ToolCall;
  readonly context: AttemptContext;
  readonly text: string;
  readonly model: string;
  readonly wanted: WantedOptions;
  readonly stream: boolean;
  readonly conversation: Conversation;
  readonly named: Shown;
  readonly images: readonly ReadImage[];
}

interface Shown {
  readonly files: readonly ShownFile[];
  readonly skipped: readonly SkippedFile[];
}

const NOTHING: Shown = { files: [], skipped: [] };

/** One question to one model: conversation, files, model, budget, answer, record. */
@Injectable()
export class SimpleEngine {
  constructor(
    private readonly conversations: ConversationStore,
    private readonly router: ModelRouter,
    private readonly files: FileReader,
    private readonly requests: ModelRequest,
    private readonly questions: ModelQuestion,
    private readonly documents: ProviderDocuments,
    @Inject(CONFIG) private readonly config: Config,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(SimpleEngine.name);
  }

  async run(tool: SimpleTool, call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const { maxPromptChars } = this.config.limits;
    const resend = resendPromptPayload(call, maxPromptChars, tool.document ? 'file_path' : 'files');
    if (resend) return resend;

    const options = engineFields.parse(call.args);
    const conversation = await this.conversations.open(options.continuation_id, call.principal, tool.name);
    const document = await this.readDocument(tool, call, context);
    const question: Question = {
      tool,
      call,
      context,
      text: tool.ask(call.args),
      model: options.model ?? 'auto',
      wanted: {
        temperature: options.temperature,
        thinkingMode: options.thinking_mode,
        webSearch: options.use_websearch,
      },
      stream: options.stream ?? false,
      conversation,
      named: document ? shownDocument(document) : await this.readNamed(options.files ?? [], call, context),
      images: await this.readImages(options.images ?? [], call, context),
    };
    const route = chooseModel(
      this.router,
      {
        ...question,
        files: question.named.files,
        images: question.images.length,
        ...(document?.provider !== undefined && { provider: document.provider }),
        failures: context.failures,
        limits: call.principal,
      },
      context.attempt,
    );
    const ask = () => this.askModel(question, route);
    return withDocument(await this.requests.run(route, question.model, context, ask), document);
  }

  /** Read before a model is chosen: the provider that holds the file is preferred. */
  private async readDocument(
    tool: SimpleTool,
    call: ToolCall,
    context: AttemptContext,
  ): Promise<DocumentMaterial | undefined> {
    if (!tool.document) return undefined;
    if (!mayReadFiles(call.principal.scopes)) {
      throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
    }
    return this.documents.material(tool.document(call.args), call, context);
  }

  private async readNamed(
    paths: readonly string[],
    call: ToolCall,
    { signal }: AttemptContext,
  ): Promise<Shown> {
    if (paths.length === 0) return NOTHING;
    if (!mayReadFiles(call.principal.scopes)) {
      throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
    }
    return shown(await filesOf(call, this.files).read(paths, signal));
  }

  /** An inline image needs no right to read files. */
  private async readImages(
    sources: readonly string[],
    call: ToolCall,
    { signal }: AttemptContext,
  ): Promise<ReadImage[]> {
    if (!sources.every(isDataUrl) && !mayReadFiles(call.principal.scopes)) {
      throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
    }
    return readImages(sources, filesOf(call, this.files), signal);
  }

  private async askModel(question: Question, route: RouteDecision): Promise<ToolPayload> {
    const { tool, call, conversation, named, images, text } = question;
    const { card } = route;
    assertTaken(images, card);
    const system = inLocale(tool.prompt, this.config.tools.locale);
    const budget = tokenBudget(card);
    const fileTokens = tokensOfFiles(named.files);
    if (fileTokens > budget.fileThreshold) {
      return codeTooLargePayload(call, card, budget, fileTokens, named.files.length);
    }
    const earlier = await this.readEarlier(question);
    const material = { system, question: text, turns: conversation.turns, images: images.length };
    const selection = selectMaterial(
      { ...material, files: named.files, earlierFiles: earlier.files },
      budget,
    );
    const maxOutputTokens = answerTokens(selection.totalTokens, budget, card);
    if (maxOutputTokens === undefined) throw this.questions.contextTooLarge(route, selection.totalTokens);

    const options = fitOptions(question.wanted, tool.defaults, card);
    const notShown = [...named.skipped, ...earlier.skipped, ...selection.leftOut];
    const messages = buildMessages({
      system,
      history: selection.history,
      files: selection.files,
      notShown,
      images,
      question: text,
      lastTurn: conversation.remainingTurns < 2 * TURNS_PER_EXCHANGE,
    });
    const { context, stream } = question;
    const inputTokens = selection.totalTokens;
    const answered = await this.questions.ask({
      call,
      context,
      route,
      messages,
      options,
      inputTokens,
      maxOutputTokens,
      stream,
    });
    const { completion } = answered;
    const saved = await this.save(question, completion);
    return answerPayload({
      call,
      route,
      requested: question.model,
      ...answered,
      failures: question.context.failures,
      ...(named.files.length + earlier.files.length > 0 && {
        filesReadBy: filesOf(call, this.files).readBy,
      }),
      warnings: saved ? options.warnings : [...options.warnings, 'thread_not_saved'],
      ...(saved && {
        thread: { id: conversation.id, remainingTurns: conversation.remainingTurns - TURNS_PER_EXCHANGE },
      }),
    });
  }

  /** Files that earlier turns showed and this call does not name; the text of a turn does not hold them. */
  private async readEarlier({ conversation, named, call, context }: Question): Promise<Shown> {
    const shownNow = new Set(named.files.map(({ path }) => path));
    const newestFirst = conversation.turns.toReversed().flatMap((turn) => turn.files);
    const paths = [...new Set(newestFirst)].filter((path) => !shownNow.has(path));
    if (paths.length === 0 || !mayReadFiles(call.principal.scopes)) return NOTHING;
    const files = filesOf(call, this.files);
    return shown(await files.readAgain(paths.slice(0, MAX_EARLIER_FILES), context.signal));
  }

  /** A thread that cannot be saved does not cost the caller the answer. */
  private async save(
    { conversation, call, text, named }: Question,
    completion: Completion,
  ): Promise<boolean> {
    const { content, provider, model, usage } = completion;
    try {
      await conversation.commit(call.id, {
        user: { content: text, files: named.files.map(({ path }) => path) },
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

function mayReadFiles(scopes: readonly string[]): boolean {
  return scopes.includes('files:read');
}

function shownDocument({ path, text }: DocumentMaterial): Shown {
  return { files: [showFile({ path, content: text })], skipped: [] };
}

function withDocument(payload: ToolPayload, document: DocumentMaterial | undefined): ToolPayload {
  if (!document) return payload;
  return { ...payload, metadata: { ...payload.metadata, ...document.metadata } };
}

function shown({ files, skipped }: ReadFiles): Shown {
  return { files: files.map(showFile), skipped };
}
