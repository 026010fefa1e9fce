import { ExaiError, toEnvelope, type ErrorEnvelope } from '#libs/errors';
import { baseMetadata } from '../payload.js';
import { type WorkflowTool } from '../define.js';
import { type PayloadMetadata, type ToolCall, type ToolPayload } from '../tool.js';
import { type ExpertAnswer } from './expert-answer.js';
import { type ExpertSkip, type Issue, type WorkflowView } from './workflow.js';

export interface StepReport {
  readonly tool: WorkflowTool;
  readonly call: ToolCall;
  readonly view: WorkflowView;
  readonly threadId: string;
  readonly warnings: readonly string[];
}

type Extra = Readonly<Record<string, unknown>>;

/** More steps are needed. A status among the fields replaces `pause_for_<alias>`. */
export function pausePayload(report: StepReport, fields: Extra): ToolPayload {
  const { tool, view } = report;
  const { alias } = tool;
  const next = view.stepNumber + 1;
  return assemble(report, {
    status: `pause_for_${alias}`,
    next_step_required: true,
    [`${alias}_required`]: true,
    required_actions: tool.stages.find(({ when }) => when(view))?.actions ?? [],
    next_steps:
      `Do the required actions now, then call ${tool.name} with step_number ${next}, this continuation_id ` +
      'and what you found.',
    file_context: {
      type: 'reference_only',
      note: 'Files are noted by path; nothing of them was read for this step.',
    },
    ...fields,
  });
}

/** The end, without a model having been asked. */
export function localPayload(
  report: StepReport,
  { kind, expert }: { readonly kind: 'skipped' | 'not asked' | 'no expert'; readonly expert?: ExpertSkip },
): ToolPayload {
  const { tool } = report;
  return assemble(report, {
    ...endFields(report),
    status: kind === 'not asked' ? 'local_work_complete' : tool.completedStatus,
    ...(kind === 'skipped' && { skip_expert_analysis: true }),
    ...(expert && { expert_analysis: expert }),
    next_steps: 'The work is complete. Present your own findings to the user, and act on them as asked.',
    ...tool.complete?.(report.view),
  });
}

/** The end, with what the model answered. */
export function expertPayload(
  report: StepReport,
  { analysis, promoted, advice, failed }: ExpertAnswer,
  filesEmbedded: number,
  metadata: PayloadMetadata,
): ToolPayload {
  const { tool } = report;
  const own = {
    ...endFields(report),
    status: promoted?.status ?? (failed ? 'error' : 'calling_expert_analysis'),
    ...(analysis && { expert_analysis: analysis }),
    ...(failed && { error: analysisError(report.call, metadata) }),
    important_considerations:
      'Verify every claim of the expert analysis against the code and your own evidence before you act on it.',
    file_context: { type: 'fully_embedded', files_embedded: filesEmbedded },
    next_steps:
      advice ?? 'Compare the expert analysis with your own findings, then present both to the user.',
    ...tool.complete?.(report.view),
  };
  // Ours stand last: a model cannot replace what the caller relies on.
  return assemble(report, { ...promoted, ...own }, metadata);
}

/** Stands beside the error when the model could not be asked for good: the work up to there is not lost. */
export function failedPayload(report: StepReport, error: ExaiError): ToolPayload {
  const { tool, view, threadId } = report;
  const late = error.code === 'PROVIDER_TIMEOUT' || error.code === 'DEADLINE_EXCEEDED';
  return assemble(report, {
    ...endFields(report),
    status: 'error',
    expert_analysis: { status: late ? 'timeout' : 'analysis_error', reason: error.message },
    ...tool.complete?.(view),
    next_steps:
      'Present your own findings to the user, and say that no model has checked them. To ask again, send step ' +
      `${view.stepNumber} with continuation_id ${threadId}.`,
  });
}

function analysisError(
  { id: callId, correlationId }: ToolCall,
  { provider_used: provider = '', model_used: model = '' }: PayloadMetadata,
): ErrorEnvelope {
  const reason = 'the model says that it could not analyse what was gathered';
  const error = new ExaiError('PROVIDER_BAD_RESPONSE', { provider, model, reason });
  return toEnvelope(error, { correlationId, callId });
}

function assemble(
  report: StepReport,
  fields: Extra & { readonly status: string },
  metadata?: PayloadMetadata,
): ToolPayload {
  const { tool, call, view, threadId, warnings } = report;
  return {
    step_number: view.stepNumber,
    total_steps: view.totalSteps,
    [`${tool.alias}_status`]: { ...counts(report), ...tool.status?.(view) },
    ...fields,
    continuation_id: threadId,
    metadata: metadata ?? { ...baseMetadata(call), ...(warnings.length > 0 && { warnings }) },
  };
}

function counts({ tool, view }: StepReport): Extra {
  const { gathered } = view;
  return {
    files_checked: gathered.filesChecked.length,
    relevant_files: gathered.relevantFiles.length,
    relevant_context: gathered.relevantContext.length,
    issues_found: reported(tool, view).length,
    images_collected: gathered.images.length,
    current_confidence: gathered.confidence,
  };
}

function endFields({ tool, view }: StepReport): Extra {
  const { alias, completeName = alias } = tool;
  const { state, gathered } = view;
  return {
    next_step_required: false,
    [`${alias}_complete`]: true,
    [`${completeName}_complete`]: true,
    [`complete_${completeName}`]: {
      initial_request: state.initialRequest,
      steps_taken: state.steps.length,
      files_examined: gathered.filesChecked,
      relevant_files: gathered.relevantFiles,
      relevant_context: gathered.relevantContext,
      issues_found: reported(tool, view),
      work_summary: workSummary(view),
      confidence_level: gathered.confidence,
      ...tool.summary?.(view),
    },
  };
}

function reported(tool: WorkflowTool, view: WorkflowView): readonly Issue[] {
  return tool.reported?.(view) ?? view.gathered.issues;
}

function workSummary({ state }: WorkflowView): string {
  return state.steps
    .map(
      ({ stepNumber, step, findings }) => `Step ${stepNumber}: ${findings.trim() === '' ? step : findings}`,
    )
    .join('\n\n');
}
