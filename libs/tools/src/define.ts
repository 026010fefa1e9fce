import { type z } from 'zod';
import {
  type CapabilitiesReport,
  type ModelsReport,
  type PayloadReport,
  type StatusReport,
  type SystemView,
  type VersionReport,
} from './inline/system-view.js';
import {
  type CallOutcome,
  type CallRecord,
  type ThreadReport,
  type ThreadSummary,
} from './inline/caller-records.js';
import {
  type ChatMessage,
  type Completion,
  type FunctionTool,
  type RoutingCategory,
  type ToolChoice,
} from '#libs/providers';
import { type ConsensusParts } from './consensus/consensus.js';
import { type WorkflowParts } from './workflow/workflow.js';
import {
  type CallInput,
  type CallPrincipal,
  type ContentBlock,
  type InputRequests,
  type InputResponses,
  type LogLevel,
  type PayloadMetadata,
  type ToolPayload,
} from './tool.js';
import { type JsonSchema } from './json-schema.js';
import {
  type CallerDocuments,
  type RemovalReport,
  type StoredFileReport,
} from './documents/caller-documents.js';
import { type VendorServices } from './direct/vendor-services.js';

export { acceptedText, elicitation } from './elicitation.js';
export { InputNeeded } from './input-needed.js';
export { invalidArgument } from './invalid-argument.js';
export type { CallOutcome, CallRecord, ThreadReport, ThreadSummary };
export type { RemovalReport, StoredFileReport };
export type { CapabilitiesReport, ModelsReport, PayloadReport, StatusReport, VersionReport };
export type { ChangesWanted, Expert, Gathered, Stage, WorkflowView } from './workflow/workflow.js';
export type { FoundPage } from '#libs/providers';

export type ToolTier = 'essential' | 'core' | 'advanced' | 'hidden';

export type ThinkingMode = 'minimal' | 'low' | 'medium' | 'high' | 'max';

/** Arguments of a tool, as a zod shape. */
export type Fields = Readonly<Record<string, z.ZodType>>;

/** What a tool's own functions receive: its parsed arguments. */
export type ArgumentsOf<F extends Fields> = z.output<z.ZodObject<F>>;

export type ParsedArguments = Readonly<Record<string, unknown>>;

export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint: boolean;
}

export interface ToolIcon {
  /** `https:` or `data:` URI. */
  readonly src: string;
  readonly mimeType?: string;
}

interface DefinitionBase {
  /** `[a-z0-9_-]`, at most 48 characters, so that the prefix a client adds still fits. */
  readonly name: string;
  readonly title: string;
  /** For the model that chooses: what the tool does and when to use it. */
  readonly description: string;
  readonly tier: ToolTier;
  /** Listed in every profile. */
  readonly alwaysListed?: true;
  readonly annotations: ToolAnnotations;
  /** Shown to people; each costs context in clients that pass lists on as they are. */
  readonly icons?: readonly ToolIcon[];
  /** Other names a caller may use for a field: accepted, not listed. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Fields that are accepted and not listed, so that the list of tools stays small. */
  readonly unlisted?: readonly string[];
  /** Names that are accepted, dropped and not listed. */
  readonly ignored?: readonly string[];
  /** Shown as it is, in place of the schema that would be made of `fields`. */
  readonly inputSchema?: JsonSchema;
  /** False: no schema of its answers is shown. */
  readonly outputSchema?: false;
  /**
   * For clients that know tasks. `at-once`: a task from its start. `required`: cannot run otherwise, so other clients
   * are refused. Absent: a task when it has not ended after a while; inline tools never.
   */
  readonly task?: 'required' | 'at-once';
  /** What is asked before the call is taken on, of a caller that can be asked; undefined = nothing. */
  asksFirst?(args: ParsedArguments): InputRequests | undefined;
  /** The arguments with the answers to `asksFirst`; those that say nothing usable leave them as they are. */
  withResponses?(args: ParsedArguments, responses: InputResponses): ParsedArguments;
}

/** What an inline or utility tool answers; the runner adds metadata. */
export interface ToolAnswer {
  /** Default `success`. */
  readonly status?: string;
  readonly content: string;
  readonly contentType: 'text' | 'markdown' | 'json';
  /** More top-level fields of the payload. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Who was asked without a model, what that cost, and what else is known of the answer. */
  readonly metadata?: Partial<PayloadMetadata>;
  /** The answer in the protocol's own blocks; `content` may then be empty. */
  readonly blocks?: readonly ContentBlock[];
  /** The tool itself says that it failed: its status is `error`, whatever it names. */
  readonly isError?: true;
}

/** The payload of another call, handed on as it stands. */
export interface ForwardedAnswer {
  readonly payload: ToolPayload;
}

/** Who an inline tool answers. */
export interface AnswerCaller {
  readonly client: { readonly name: string; readonly version: string };
  readonly principal: CallPrincipal;
}

/** What a utility tool may use. */
export interface UtilityContext {
  readonly signal: AbortSignal;
  /** Rejects when the call is cancelled or out of time. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** What vendors offer beside models. */
  readonly vendors: VendorServices;
  /** Files that the caller has at providers. */
  readonly documents: CallerDocuments;
  /** Questions to whoever made the call; a tool asks by throwing `InputNeeded`. */
  readonly input: CallInput;
  /** Tells the caller how far it is; values below an earlier one are not passed on. */
  progress(progress: number, total?: number, message?: string): void;
  log(level: LogLevel, data: unknown, logger?: string): void;
  /** Lets go of the stream that a client of a 2025 revision waits on over HTTP: it then polls for the answer. */
  releaseStream(): void;
}

export interface DocumentWish {
  readonly path: string;
  /** Id of a provider, or `auto`. */
  readonly provider: string;
}

interface SimpleParts {
  readonly category: RoutingCategory;
  /** Used when the caller names none; absent = the model's own default. */
  readonly defaults: {
    readonly temperature?: number;
    readonly thinkingMode?: ThinkingMode;
    /** Search the web whenever the model can. */
    readonly webSearch?: boolean;
  };
  /** System prompt. Constant, so that providers can cache it. */
  readonly prompt: string;
}

/** One question to one model, in the worker. */
export interface SimpleTool extends DefinitionBase, SimpleParts {
  readonly kind: 'simple';
  readonly fields: Fields;
  /** The user's message, out of the arguments. */
  ask(args: ParsedArguments): string;
  /** The one file that the question is about; a provider that keeps files reads it. */
  document?(args: ParsedArguments): DocumentWish;
}

/** A request to a model, whose messages the tool itself or its caller writes. */
export interface DirectRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly FunctionTool[];
  readonly toolChoice?: ToolChoice;
  readonly temperature?: number;
  readonly webSearch?: boolean;
  /** Ask for the answer whole, and for the headers it comes with. */
  readonly captureHeaders?: true;
}

/** What a direct tool makes its answer of. */
export interface DirectReply {
  readonly completion: Completion;
  /** Any name of a model that could be asked now, by whoever calls. */
  readonly isUsable: (model: string) => boolean;
}

export interface DirectAnswer extends Omit<ToolAnswer, 'metadata'> {
  readonly warnings?: readonly string[];
}

/** One request to a model of one vendor, without files and without a conversation. In the worker. */
export interface DirectTool extends DefinitionBase {
  readonly kind: 'direct';
  /** Id of the only provider whose models it asks. */
  readonly provider: string;
  readonly category: RoutingCategory;
  readonly defaults: SimpleParts['defaults'];
  readonly fields: Fields;
  /** @throws ExaiError INVALID_ARGUMENT for arguments that do not fit together */
  request(args: ParsedArguments): DirectRequest;
  answer(reply: DirectReply, args: ParsedArguments): DirectAnswer;
}

/** Answered in the gateway from the state of the system, without queue and without a model. */
export interface InlineTool extends DefinitionBase {
  readonly kind: 'inline';
  readonly fields: Fields;
  /** What it answers is kept elsewhere already, so the record of the call goes without. */
  readonly answerIsCopy?: true;
  answer(
    args: ParsedArguments,
    view: SystemView,
    caller: AnswerCaller,
  ): Promise<ToolAnswer | ForwardedAnswer>;
}

/** Runs in the worker without a model. */
export interface UtilityTool extends DefinitionBase {
  readonly kind: 'utility';
  readonly fields: Fields;
  answer(args: ParsedArguments, context: UtilityContext): Promise<ToolAnswer>;
}

/** Steps of an investigation that the caller's agent does itself; at the end a model may be asked. In the worker. */
export interface WorkflowTool extends DefinitionBase, WorkflowParts {
  readonly kind: 'workflow';
  readonly category: RoutingCategory;
  readonly fields: Fields;
}

/** The same question to several models, each as a call of its own. In the worker. */
export interface ConsensusTool extends DefinitionBase, ConsensusParts {
  readonly kind: 'consensus';
  readonly category: RoutingCategory;
  readonly fields: Fields;
}

/** Hands its prompt to a program that the operator configured. In the worker. */
export interface ProgramTool extends DefinitionBase {
  readonly kind: 'program';
  readonly fields: Fields;
  /** What the slowest of its programs may take. */
  readonly timeoutMs: number;
}

/** Discriminated by `kind`; the engine of a kind is chosen by it. */
export type ToolDefinition =
  SimpleTool | DirectTool | InlineTool | UtilityTool | WorkflowTool | ConsensusTool | ProgramTool;

export type ToolKind = ToolDefinition['kind'];

/** The part of a definition that depends on its fields: aliases name a field, functions see typed arguments. */
type Typed<T extends ToolDefinition, F extends Fields, Functions> = Omit<
  T,
  'kind' | 'fields' | 'aliases' | keyof Functions
> & { readonly fields: F; readonly aliases?: Readonly<Record<string, keyof F & string>> } & Functions;

export function defineSimpleTool<const F extends Fields>(
  tool: Typed<
    SimpleTool,
    F,
    { ask(args: ArgumentsOf<F>): string; document?(args: ArgumentsOf<F>): DocumentWish }
  >,
): SimpleTool {
  return { kind: 'simple', ...tool };
}

export function defineDirectTool<const F extends Fields>(
  tool: Typed<
    DirectTool,
    F,
    {
      request(args: ArgumentsOf<F>): DirectRequest;
      answer(reply: DirectReply, args: ArgumentsOf<F>): DirectAnswer;
    }
  >,
): DirectTool {
  return { kind: 'direct', ...tool };
}

export function defineInlineTool<const F extends Fields>(
  tool: Typed<
    InlineTool,
    F,
    {
      answer(
        args: ArgumentsOf<F>,
        view: SystemView,
        caller: AnswerCaller,
      ): Promise<ToolAnswer | ForwardedAnswer>;
    }
  >,
): InlineTool {
  return { kind: 'inline', ...tool };
}

export function defineUtilityTool<const F extends Fields>(
  tool: Typed<UtilityTool, F, { answer(args: ArgumentsOf<F>, context: UtilityContext): Promise<ToolAnswer> }>,
): UtilityTool {
  return { kind: 'utility', ...tool };
}

export function defineConsensusTool<const F extends Fields>(
  tool: Typed<ConsensusTool, F, object>,
): ConsensusTool {
  return { kind: 'consensus', ...tool };
}

/** The definition knows better than its caller how its one question is to be asked. */
const RARE_IN_WORKFLOWS = [
  'temperature',
  'thinking_mode',
  'use_websearch',
  'relevant_context',
  'images',
] as const;

/** The functions of a workflow see its arguments through the view, as the engine parsed them. */
export function defineWorkflowTool<const F extends Fields>(
  tool: Typed<WorkflowTool, F, object>,
): WorkflowTool {
  return { kind: 'workflow', ...tool, unlisted: [...RARE_IN_WORKFLOWS, ...(tool.unlisted ?? [])] };
}

export function defineProgramTool<const F extends Fields>(tool: Typed<ProgramTool, F, object>): ProgramTool {
  return { kind: 'program', ...tool };
}
