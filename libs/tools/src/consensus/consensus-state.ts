import { isDeepStrictEqual } from 'node:util';
import { invalidArgument } from '../invalid-argument.js';
import { type ConsensusArguments } from './consensus-arguments.js';
import { type ConsensusState, type ModelResponse, type Panelist } from './consensus.js';

/** What was recorded, if this step goes on with it; undefined = the step begins a consensus. */
export function continued(
  recorded: ConsensusState | undefined,
  args: ConsensusArguments,
  panelOf: (models: NonNullable<ConsensusArguments['models']>) => readonly Panelist[],
): ConsensusState | undefined {
  const { step_number: stepNumber, step, models, execution } = args;
  if (!recorded || stepNumber > 1) return recorded;
  const isRepeat =
    step === recorded.proposal &&
    (execution ?? recorded.execution) === recorded.execution &&
    (!models || isDeepStrictEqual(panelOf(models), recorded.panel));
  return isRepeat ? recorded : undefined;
}

export function begun(args: ConsensusArguments, panel: readonly Panelist[]): ConsensusState {
  return {
    proposal: args.step,
    files: args.relevant_files,
    images: args.images,
    panel,
    execution: args.execution ?? 'sequential',
    responses: panel.map(() => null),
  };
}

/**
 * The panelists this step consults.
 * @throws ExaiError INVALID_ARGUMENT for a step that the panel does not have
 */
export function consultedIn(state: ConsensusState, stepNumber: number): readonly number[] {
  const { length } = state.panel;
  if (stepNumber > length) {
    throw invalidArgument('/step_number', `at most ${length}, the number of models`);
  }
  const isAll = state.execution === 'parallel' && stepNumber === 1;
  return isAll ? state.panel.map((_panelist, index) => index) : [stepNumber - 1];
}

export function withResponses(
  state: ConsensusState,
  responses: ReadonlyMap<number, ModelResponse>,
): ConsensusState {
  return {
    ...state,
    responses: state.responses.map((response, index) => responses.get(index) ?? response),
  };
}

/** The number of the step to take next; undefined = every model was consulted. */
export function nextStep({ responses }: ConsensusState): number | undefined {
  const index = responses.indexOf(null);
  return index === -1 ? undefined : index + 1;
}
