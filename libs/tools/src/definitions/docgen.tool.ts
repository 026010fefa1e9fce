import { z } from 'zod';
import { type ArgumentsOf, defineWorkflowTool, type WorkflowView } from '../define.js';
import { evidenceFields, stepFields } from '../fields.js';

/** Finding the files, then documenting them: as long as their number is not known. */
const STEPS_WHILE_UNKNOWN = 2;

const { findings, relevant_files, relevant_context, issues_found, backtrack_from_step } = evidenceFields;

const documentationFields = {
  document_complexity: z.boolean().describe('State complexity; usually true.'),
  document_flow: z.boolean().describe('Describe call flow; usually true.'),
  update_existing: z.boolean().describe('Correct what is there; usually true.'),
  comments_on_complex_logic: z.boolean().describe('Comment difficult passages; usually true.'),
  num_files_documented: z.int().min(0).describe('Files finished; 0 at first.'),
  total_files_to_document: z.int().min(0).describe('Files in scope; 0 while unknown.'),
};

export const docgen = defineWorkflowTool({
  name: 'docgen',
  title: 'Document code',
  description:
    'Drives you through documenting code: find the files, then one per step until none is left. ' +
    'You write the documentation; no model is asked.',
  tier: 'advanced',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    ...stepFields,
    findings,
    relevant_files,
    relevant_context,
    issues_found,
    backtrack_from_step,
    ...documentationFields,
  },
  ignored: ['use_assistant_model', 'use_websearch', 'stream'],
  alias: 'documentation_analysis',
  completedStatus: 'documentation_analysis_complete',
  stages: [
    {
      when: ({ stepNumber }) => stepNumber === 1,
      actions: [
        'Only look around in this step: write no documentation yet.',
        'List every file in scope that needs documentation, and set total_files_to_document to their number.',
        'Find the style of documentation the project uses for each language, and keep to it.',
        'Take the first file of your list in the next step.',
      ],
    },
    {
      when: (view) => remainingOf(view) > 0,
      actions: [
        'Document exactly one file now, completely, and raise num_files_documented by one when it is done.',
        'Document every function, method, class and type in it: purpose, parameters, result, errors, side effects.',
        'document_complexity: state time and space complexity. document_flow: say what calls it and what it calls.',
        'comments_on_complex_logic: comment difficult passages in place. update_existing: correct what is wrong or out of date.',
        'Never change logic. When you see a bug, stop, report it in issues_found and to the user, and leave it.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Read every documented file once more: nothing without documentation, nothing that contradicts the code.',
        'Make sure that nothing but comments and documentation changed, then finish.',
      ],
    },
  ],
  totalSteps: (view) => {
    const { total_files_to_document: total } = argumentsOf(view);
    return Math.max(total > 0 ? total + 1 : STEPS_WHILE_UNKNOWN, view.stepNumber);
  },
  status: countsOf,
  keepOpen(view) {
    const remaining = remainingOf(view);
    if (remaining === 0) return undefined;
    const { num_files_documented, total_files_to_document } = argumentsOf(view);
    const files = remaining === 1 ? '1 file is' : `${remaining} files are`;
    return {
      status: 'documentation_analysis_required',
      documentation_analysis_required: true,
      next_step_required: true,
      num_files_documented,
      total_files_to_document,
      files_remaining: remaining,
      required_actions: [
        `${files} still without documentation: document them one by one.`,
        'Raise num_files_documented after each; end with next_step_required false when none is left.',
        'If a file of the count needs none after all, lower total_files_to_document and say why in findings.',
      ],
      next_steps: `Not finished: ${num_files_documented} of ${total_files_to_document} files are documented. Go on with step ${view.stepNumber + 1}.`,
    };
  },
  complete: (view) => ({
    documentation_summary: {
      ...countsOf(view),
      issues_reported: view.gathered.issues.length,
    },
    next_steps:
      'Tell the user which files are documented, and every bug you saw and left as it was. Logic must be unchanged.',
  }),
});

type DocumentationArguments = ArgumentsOf<typeof documentationFields>;

function argumentsOf({ args }: WorkflowView): DocumentationArguments {
  return args as DocumentationArguments;
}

function countsOf(view: WorkflowView) {
  const { num_files_documented, total_files_to_document } = argumentsOf(view);
  return { num_files_documented, total_files_to_document };
}

function remainingOf(view: WorkflowView): number {
  const { num_files_documented, total_files_to_document } = argumentsOf(view);
  return Math.max(0, total_files_to_document - num_files_documented);
}
