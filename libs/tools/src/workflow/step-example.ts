import { type WorkflowStep } from './workflow.js';

/** A step for tests, with nothing in it but what is given. */
export function aStep(stepNumber: number, more: Partial<WorkflowStep> = {}): WorkflowStep {
  return {
    stepNumber,
    step: `step ${stepNumber}`,
    findings: `findings ${stepNumber}`,
    filesChecked: [],
    relevantFiles: [],
    relevantContext: [],
    issues: [],
    images: [],
    confidence: 'low',
    own: {},
    ...more,
  };
}
