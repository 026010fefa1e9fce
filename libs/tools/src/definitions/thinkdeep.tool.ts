import { defineWorkflowTool, type WorkflowView } from '../define.js';
import { evidenceFields, expertFields, shortText, stepFields, textList } from '../fields.js';
import {
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  isBelow,
  isFirstStep,
  listSetting,
  MARKDOWN_ANSWER,
  RECORD_EVIDENCE,
  skipWhenCertain,
  systemPrompt,
} from '../prompt-rules.js';

export const thinkdeep = defineWorkflowTool({
  name: 'thinkdeep',
  title: 'Think a problem through',
  description:
    'Think a hard question through step by step: design decisions, trade-offs, open problems; a model challenges the reasoning at the end.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: {
    ...stepFields,
    ...evidenceFields,
    problem_context: shortText('Background of the problem.').optional(),
    focus_areas: textList('Aspects to think about, such as performance.', 20),
    ...expertFields,
  },
  alias: 'thinkdeep',
  completeName: 'thinking',
  completedStatus: 'deep_thinking_complete_ready_for_implementation',
  stages: [
    {
      when: isFirstStep,
      actions: [
        'State the question in one sentence, what a good answer must achieve, and what is fixed: constraints, scale, deadline.',
        'List the assumptions you make, and which of them the code or the documents can confirm or refute.',
        'Name at least two answers that differ in kind, the simplest one included.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => isBelow(view, 'medium'),
      actions: [
        'Read what decides between the answers: the code they touch, measurements, limits of the parts in use.',
        'Follow each answer to its consequences: failure, growth, cost, migration, who must maintain it.',
        'Look for what would make your present favourite wrong.',
      ],
    },
    {
      when: (view) => isBelow(view, 'high'),
      actions: [
        'Compare the answers on the criteria of step 1; name the trade-off that decides.',
        'Test the weakest assumption with evidence: file:line, a number, a document.',
        'Think of the edge: ten times the load, a failing dependency, a wrong requirement.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Write the conclusion with its reasons, and what would change your mind.',
        'Name what stays uncertain and the cheapest way to find out.',
        'Lay down the first steps, and how to go back if it proves wrong.',
      ],
    },
  ],
  pause: (view) => ({ thinking_status: thinkingStatus(view) }),
  summary: completeThinking,
  complete: (view) => ({ thinking_status: thinkingStatus(view) }),
  expert: {
    prompt: prompt(),
    instruction:
      'Challenge the reasoning and carry it further: what is wrong, what is missing, what follows. Attend to problem_context and focus_areas.',
    defaults: { temperature: 0.7, thinkingMode: 'high' },
    skip: skipWhenCertain('skipped_due_to_certain_thinking_confidence'),
    isWorthIt: () => true,
  },
});

function thinkingStatus(view: WorkflowView): Readonly<Record<string, unknown>> {
  const { gathered, stepNumber, totalSteps } = view;
  return {
    current_step: stepNumber,
    total_steps: totalSteps,
    files_checked: gathered.filesChecked.length,
    relevant_files: gathered.relevantFiles.length,
    thinking_confidence: gathered.confidence,
    analysis_focus: listSetting(view, 'focus_areas'),
  };
}

function completeThinking({ gathered, state }: WorkflowView): Readonly<Record<string, unknown>> {
  return {
    steps_completed: state.steps.length,
    final_confidence: gathered.confidence,
    relevant_context: gathered.relevantContext,
    key_findings: gathered.findings,
    issues_identified: gathered.issues,
    files_analyzed: gathered.relevantFiles,
  };
}

function prompt(): string {
  return systemPrompt(
    `You are an experienced engineer and adviser. An AI agent has thought about a hard question in steps; you see its reasoning and, where there are any, files. You are the second mind: your worth lies in what it did not see.`,
    `Method
- Answer the question itself first, in your own judgement; then compare with the agent's conclusion.
- Attack the assumptions, the criteria and the options that were never considered, the option of doing nothing included.
- Weigh by this project's facts: its stack, scale, people and constraints. No technology without need.
- Follow consequences: failure, growth, security, operation, cost of change, way back.
- Be definite. Where you are unsure, give your confidence and the cheapest experiment that would decide.
- Agree where it is right, in one sentence; do not repeat it.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
Sections: Conclusion · Where the reasoning fails or has gaps · Options and the deciding trade-off · Risks, with early signs · Recommended steps, the first one doable today · Open questions that would change the answer. Leave out a section that would be empty.`,
    FILES_NEEDED,
  );
}
