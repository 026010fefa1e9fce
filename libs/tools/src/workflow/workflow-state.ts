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
}

/** The workflow with this step in it. Entering the same step twice gives the same as entering it once. */
export function withStep(earlier: WorkflowState | undefined, entry: StepEntry): WorkflowState {
  const { tool, step, backtrackFrom = Infinity, last, turns } = entry;
  const begun = earlier && !(earlier.finished && step.stepNumber === 1) ? earlier : undefined;
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
  };
}
