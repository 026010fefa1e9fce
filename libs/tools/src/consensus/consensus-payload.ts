import { baseMetadata } from '../payload.js';
import { type ToolCall, type ToolPayload } from '../tool.js';
import { nextStep } from './consensus-state.js';
import { type ConsensusState, type ModelResponse, nameOf } from './consensus.js';
import { sumOf } from './response-totals.js';

export interface ConsensusReport {
  readonly call: ToolCall;
  readonly state: ConsensusState;
  readonly stepNumber: number;
  /** Indexes of the panelists that this step consulted. */
  readonly consulted: readonly number[];
  /** What the caller found itself before it asked others; it is shown to the caller only. */
  readonly analysis?: string;
  readonly threadId: string;
  readonly warnings: readonly string[];
}

type Extra = Readonly<Record<string, unknown>>;

/** The answer of a step: what this step's model said, and at the end what all of them said. */
export function consensusPayload(report: ConsensusReport): ToolPayload {
  const { call, state, stepNumber, analysis, threadId, warnings } = report;
  const next = nextStep(state);
  const atFirst = stepNumber === 1 ? 'analysis_and_first_model_consulted' : 'model_consulted';
  return {
    status: next === undefined ? 'consensus_workflow_complete' : atFirst,
    step_number: stepNumber,
    total_steps: state.panel.length,
    next_step_required: next !== undefined,
    ...(stepNumber === 1 && {
      agent_analysis: { initial_analysis: state.proposal, findings: analysis ?? '' },
    }),
    ...lastConsulted(report),
    current_model_index: answered(state).length,
    ...(next === undefined ? completion(state) : { next_steps: adviceFor(report, next) }),
    continuation_id: threadId,
    metadata: { ...baseMetadata(call), ...(warnings.length > 0 && { warnings }) },
  };
}

function lastConsulted({ state, consulted }: ConsensusReport): Extra {
  const [index, ...others] = consulted;
  const response = index === undefined ? undefined : state.responses[index];
  if (!response || others.length > 0) return {};
  return { model_consulted: response.model, model_stance: response.stance, model_response: response };
}

function adviceFor({ state, stepNumber, consulted }: ConsensusReport, next: number): string {
  const panelist = state.panel[next - 1]!;
  const failed = consulted.some((index) => state.responses[index]?.status === 'error');
  return [
    'Note what you make of this answer; your notes go to no model.',
    `Then call consensus with step_number ${next} and this continuation_id: it consults ${nameOf(panelist)}.`,
    ...(failed ? [`To ask the model of this step once more, send step_number ${stepNumber} again.`] : []),
  ].join(' ');
}

/** `total_responses` counts every model consulted, those that gave no answer included. */
function completion(state: ConsensusState): Extra {
  const responses = answered(state);
  const failed = responses.filter((response) => response.status === 'error');
  const successes = responses.length - failed.length;
  return {
    content: verdictOn(successes, failed),
    content_type: 'text',
    consensus_complete: true,
    complete_consensus: {
      initial_prompt: state.proposal,
      models_consulted: responses.map(nameOf),
      missing_models: failed.map((response) => ({
        model: nameOf(response),
        code: response.error.code,
        reason: response.error.message,
      })),
      total_responses: responses.length,
      failed_responses: failed.length,
      consensus_confidence: failed.length === 0 ? 'high' : successes >= 2 ? 'medium' : 'low',
      ...sumOf(responses),
    },
    accumulated_responses: responses,
    next_steps: finalAdvice(successes, failed),
  };
}

function verdictOn(successes: number, failed: readonly ModelResponse[]): string {
  const total = successes + failed.length;
  if (failed.length === 0) return `All ${total} models have answered.`;
  const missing = missingIn(failed);
  if (successes === 0) {
    return `None of the ${total} models has answered, so there is nothing to agree on. Missing: ${missing}.`;
  }
  return `${successes} of ${total} models have answered. Missing: ${missing}.`;
}

function finalAdvice(successes: number, failed: readonly ModelResponse[]): string {
  if (successes === 0) {
    return 'Tell the user that no model answered, and why. To ask them again, repeat their steps with this continuation_id.';
  }
  return [
    'Put the answers together for the user: 1. points of agreement; 2. points of disagreement, and why they differ;',
    '3. your recommendation; 4. the next actions, concretely; 5. risks that remain.',
    ...(failed.length > 0 ? [`Say that the result is partial: ${missingIn(failed)} did not answer.`] : []),
  ].join(' ');
}

function missingIn(failed: readonly ModelResponse[]): string {
  return failed
    .map((response) => `${nameOf(response)}${response.status === 'error' ? ` (${response.error.code})` : ''}`)
    .join(', ');
}

function answered({ responses }: ConsensusState): ModelResponse[] {
  return responses.filter((response) => response !== null);
}
