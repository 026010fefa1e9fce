import { type WorkflowState, type WorkflowStep } from './workflow.js';

export interface StepEntry {
  readonly tool: string;
  readonly step: WorkflowStep;
  /** Drops what was recorded from this number on. */
  readonly backtrackFrom?: number | undefined;
  /** The step ends the workflow. */
  readonly last: boolean;
  /** Turns the conversation has now. */
  readonly turns: number;
  /** Keep the finished workflow that this one follows. */
  readonly keepsPrevious?: boolean;
}

/** The workflow with this step in it. Entering the same step twice gives the same as entering it once. */
export function withStep(earlier: WorkflowState | undefined, entry: StepEntry): WorkflowState {
  const { tool, step, backtrackFrom = Infinity, last, turns, keepsPrevious = false } = entry;
  const isAnew = earlier?.finished === true && step.stepNumber === 1;
  const begun = isAnew ? undefined : earlier;
  const previous = isAnew ? withoutPrevious(earlier) : begun?.previous;
  const kept = (begun?.steps ?? []).filter(({ stepNumber }) => {
    return stepNumber < backtrackFrom && stepNumber !== step.stepNumber;
  });
  const steps = [...kept, step].sort((a, b) => a.stepNumber - b.stepNumber);
  return {
    tool,
    initialRequest: steps[0]?.step ?? step.step,
    steps,
    earlierTurns: begun?.earlierTurns ?? turns,
    finished: last,
    ...(keepsPrevious && previous && { previous }),
  };
}

function withoutPrevious({ previous: _older, ...state }: WorkflowState): WorkflowState {
  return state;
}
