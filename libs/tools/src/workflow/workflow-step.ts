import { z } from 'zod';
import { evidenceFields, expertFields, stepFields } from '../fields.js';
import { type WorkflowStep } from './workflow.js';

/** Fields the engine itself understands; a tool has some or all of them beside its own. */
const engineShape = {
  ...stepFields,
  ...z.object({ ...evidenceFields, ...expertFields }).partial().shape,
};

const engineFields = z.object(engineShape);

export type StepArguments = z.output<typeof engineFields>;

/** The engine's part of the arguments, which the tool's own schema has accepted before. */
export function readArguments(args: Readonly<Record<string, unknown>>): StepArguments {
  return engineFields.parse(args);
}

/** What the call reports, as it is recorded. Control fields, such as the model, are not part of it. */
export function toStep(parsed: StepArguments, args: Readonly<Record<string, unknown>>): WorkflowStep {
  const { hypothesis } = parsed;
  return {
    stepNumber: parsed.step_number,
    step: parsed.step,
    findings: parsed.findings ?? '',
    filesChecked: parsed.files_checked ?? [],
    relevantFiles: parsed.relevant_files ?? [],
    relevantContext: parsed.relevant_context ?? [],
    issues: (parsed.issues_found ?? []).map(withoutUndefined),
    images: parsed.images ?? [],
    ...(hypothesis !== undefined && hypothesis.trim() !== '' && { hypothesis }),
    confidence: parsed.confidence ?? 'low',
    own: Object.fromEntries(Object.entries(args).filter(([name]) => !Object.hasOwn(engineShape, name))),
  };
}

type StepIssue = NonNullable<StepArguments['issues_found']>[number];

function withoutUndefined({
  severity,
  description,
  file,
  line,
  type,
}: StepIssue): WorkflowStep['issues'][number] {
  return {
    severity,
    description,
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(type !== undefined && { type }),
  };
}
