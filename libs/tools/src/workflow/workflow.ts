/** How sure the caller is of its hypothesis; the order is the rank. */
export const CONFIDENCES = [
  'exploring',
  'low',
  'medium',
  'high',
  'very_high',
  'almost_certain',
  'certain',
] as const;

export type Confidence = (typeof CONFIDENCES)[number];

export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Issue {
  readonly severity: Severity;
  readonly description: string;
  readonly file?: string;
  readonly line?: number;
  readonly type?: string;
}

/** What one call of a workflow tool reports. */
export interface WorkflowStep {
  readonly stepNumber: number;
  readonly step: string;
  readonly findings: string;
  /** Absolute paths. */
  readonly filesChecked: readonly string[];
  readonly relevantFiles: readonly string[];
  readonly relevantContext: readonly string[];
  readonly issues: readonly Issue[];
  readonly images: readonly string[];
  readonly hypothesis?: string;
  readonly confidence: Confidence;
  /** The tool's own fields, as parsed. */
  readonly own: Readonly<Record<string, unknown>>;
}

/** A workflow as it lives in its conversation, and nowhere else. */
export interface WorkflowState {
  readonly tool: string;
  /** The text of the first step. */
  readonly initialRequest: string;
  /** In the order of their numbers; a repeated number replaced its predecessor. */
  readonly steps: readonly WorkflowStep[];
  /** Turns the conversation had when the workflow began. */
  readonly earlierTurns: number;
  /** A step ended it: a further first step begins anew. */
  readonly finished: boolean;
  /** The finished one that this one follows in the conversation, where the tool keeps it. */
  readonly previous?: WorkflowState;
}

/** All steps taken together; lists are without duplicates, in the order of their first mention. */
export interface Gathered {
  readonly filesChecked: readonly string[];
  readonly relevantFiles: readonly string[];
  readonly relevantContext: readonly string[];
  readonly findings: readonly string[];
  readonly hypotheses: readonly {
    readonly step: number;
    readonly hypothesis: string;
    readonly confidence: Confidence;
  }[];
  readonly issues: readonly Issue[];
  readonly images: readonly string[];
  /** Of the newest step. */
  readonly confidence: Confidence;
}

/** What a definition's functions see of a workflow, the current step included. */
export interface WorkflowView {
  /** The arguments of the current call, parsed. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly state: WorkflowState;
  readonly gathered: Gathered;
  readonly stepNumber: number;
  readonly totalSteps: number;
  /** The call goes on with a conversation that an earlier call began. */
  readonly continued: boolean;
}

/** Guidance for the caller's agent: what to do before the next step. */
export interface Stage {
  /** The first stage that holds is given. */
  readonly when: (view: WorkflowView) => boolean;
  readonly actions: readonly string[];
}

/** Why the model is not asked at the end. */
export interface ExpertSkip {
  /** Status inside `expert_analysis`, for example `skipped_due_to_certain_confidence`. */
  readonly status: string;
  readonly reason: string;
}

/** Changes of a git repository that the model is to see as git itself tells them. */
export interface ChangesWanted {
  /** Absolute path in the repository. */
  readonly path: string;
  /** Name of a commit; absent = what is staged, what is not, or both. */
  readonly compareTo?: string;
  readonly staged: boolean;
  readonly unstaged: boolean;
}

/** The question to a model at the end of a workflow. */
export interface Expert {
  /** System prompt: role, method, output contract. Constant, so that providers can cache it. */
  readonly prompt: string;
  /** What the model is to do with what was gathered; stands last in the question. */
  readonly instruction: string;
  readonly defaults: {
    readonly temperature: number;
    readonly thinkingMode: 'minimal' | 'low' | 'medium' | 'high' | 'max';
  };
  /** Undefined = not skipped. */
  readonly skip?: (view: WorkflowView) => ExpertSkip | undefined;
  /** Asked after `skip`. */
  readonly isWorthIt: (view: WorkflowView) => boolean;
  /** More files to show the model, absolute paths. */
  readonly extraFiles?: (view: WorkflowView) => readonly string[];
  /** Changes to show the model; undefined = none. */
  readonly changes?: (view: WorkflowView) => ChangesWanted | undefined;
}

/** A field whose paths must lie where tools may read. */
export interface PathField {
  readonly field: string;
  /** There must be something at the path. */
  readonly exists: boolean;
}

/** What a workflow tool is made of beside its fields. */
export interface WorkflowParts {
  /** Word in statuses and names: `pause_for_<alias>`, `<alias>_status`, `<alias>_required`, `<alias>_complete`. */
  readonly alias: string;
  /** Word in `complete_<name>` and, where it differs, `<name>_complete`; default: the alias. */
  readonly completeName?: string;
  /** Status of the last step when no model is asked. */
  readonly completedStatus: string;
  readonly stages: readonly Stage[];
  /** Keeps the finished workflow that a new one follows, for the tool's own functions. */
  readonly keepsPrevious?: true;
  /** Fields of the tool's own that hold one path or several, beside those of every workflow. */
  readonly pathFields?: readonly PathField[];
  /** The first step must name at least one relevant file. */
  readonly needsFiles?: true;
  /** Fewest steps; a step below cannot be the last. */
  readonly minimumSteps?: (view: WorkflowView) => number;
  /** Replaces what the caller said, for example where the number of files decides. */
  readonly totalSteps?: (view: WorkflowView) => number;
  /** More fields of `<alias>_status`. */
  readonly status?: (view: WorkflowView) => Readonly<Record<string, unknown>>;
  /** The issues to speak of, where a filter leaves some out; all of them are kept. */
  readonly reported?: (view: WorkflowView) => readonly Issue[];
  /** More top-level fields of a pause; a `status` in it replaces `pause_for_<alias>`. */
  readonly pause?: (view: WorkflowView) => Readonly<Record<string, unknown>>;
  /** More fields of `complete_<name>`. */
  readonly summary?: (view: WorkflowView) => Readonly<Record<string, unknown>>;
  /** More top-level fields at the end. */
  readonly complete?: (view: WorkflowView) => Readonly<Record<string, unknown>>;
  /** Keeps the workflow open although the caller wants to end it; the fields replace those of the end. */
  readonly keepOpen?: (view: WorkflowView) => Readonly<Record<string, unknown>> | undefined;
  /** Answers the call at once, without recording a step, for example to ask for a choice. */
  readonly answerFirst?: (view: WorkflowView) => Readonly<Record<string, unknown>> | undefined;
  /** Absent: a tool that never asks a model. */
  readonly expert?: Expert;
}
