import { defineWorkflowTool } from '../define.js';
import { evidenceFields, expertFields, shortText, stepFields } from '../fields.js';
import {
  choice,
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasEvidence,
  isFastTrack,
  isFirstStep,
  MARKDOWN_ANSWER,
  RECORD_EVIDENCE,
  reportedBySeverity,
  reportedIssues,
  setting,
  SEVERITY_RULES,
  severityFilter,
  skipWhenInternal,
  systemPrompt,
} from '../prompt-rules.js';

const TYPE_FIELD = 'review_validation_type';

export const codereview = defineWorkflowTool({
  name: 'codereview',
  title: 'Review code',
  description: 'Review code step by step for defects, with severities; a model checks the review at the end.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: {
    ...stepFields,
    ...evidenceFields,
    review_type: choice(['full', 'security', 'performance', 'quick'], 'Kind of review.'),
    [TYPE_FIELD]: choice(['external', 'internal'], 'Internal asks no model.'),
    focus_on: shortText('Main concern.').optional(),
    standards: shortText('Rules to hold it to.').optional(),
    severity_filter: severityFilter,
    ...expertFields,
  },
  alias: 'code_review',
  completedStatus: 'code_review_complete_ready_for_implementation',
  needsFiles: true,
  minimumSteps: (view) =>
    isFastTrack(view, TYPE_FIELD) || setting(view, TYPE_FIELD, 'external') === 'internal' ? 1 : 2,
  stages: [
    {
      when: (view) => isFirstStep(view) && isFastTrack(view, TYPE_FIELD),
      actions: [
        'Read the files in scope once; the conversation so far stands for the investigation.',
        'Put what you noticed into issues_found with severity, file and line.',
        'Call the next step with next_step_required false: the model then reviews the files.',
      ],
    },
    {
      when: isFirstStep,
      actions: [
        'Read everything in scope whole: code, its tests, its callers, the configuration it depends on.',
        'Write down what the code promises: inputs, outputs, invariants, errors. Check structure and logic against it.',
        'Try the awkward inputs in your head: empty, huge, repeated, concurrent, malformed, failing dependencies.',
        'Put each defect into issues_found with severity, file and line, and what makes it fail.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => view.stepNumber === 2,
      actions: [
        'Security: is every input validated, is each action authenticated and authorised, do secrets or data leak?',
        'Performance: work that grows with input, repeated I/O, resources that are not released or bounded.',
        'Architecture: coupling, layers crossed, abstractions that hide nothing, code more general than its use.',
        'Quality: swallowed errors, unclear names, duplicate logic, tests that cannot fail or are missing.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Check each issue again at its line; correct its severity by effect and likelihood, drop what does not hold.',
        'Look for siblings of every critical and high issue in the rest of the scope; ask which critical one you missed.',
        'Note what is done well and should stay, then call the last step with the complete summary in findings.',
      ],
    },
  ],
  reported: reportedIssues,
  status: (view) => ({
    issues_by_severity: reportedBySeverity(view),
    review_validation_type: setting(view, TYPE_FIELD, 'external'),
  }),
  expert: {
    prompt: prompt(),
    instruction:
      'Review the files. Confirm, correct or reject each issue of the agent, and add what it missed. Keep to review_type (default full), focus_on and standards; report only issues that severity_filter lets through.',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenInternal(TYPE_FIELD, 'skipped_due_to_certain_review_confidence'),
    isWorthIt: (view) => isFastTrack(view, TYPE_FIELD) || hasEvidence(view),
  },
});

function prompt(): string {
  return systemPrompt(
    `You are a senior reviewer with a long memory of production incidents. An AI agent has reviewed code in steps; you see its notes and the files. You have the last word before it is merged.`,
    `Method
- Read for what the code must do, then for how it can fail: logic, boundaries, concurrency, errors, resources, trust in input, compatibility.
- Trace a value from where it enters to where it is used before you call it safe or unsafe.
- Judge tests too: which defect would each one catch?
- severity_filter names the least severity to report: "high" means critical and high. "all" reports everything.
- A fix is the smallest change that removes the cause; show it as code when it is short.`,
    SEVERITY_RULES,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
Start with a verdict in one sentence: ready, ready after fixes, or not ready. Then the issues, gravest first, each as
[SEVERITY] file:line - what is wrong
  Why: how it fails, with the input or situation
  Fix: the change
Then: agent's issues you reject (with reason) · strengths worth keeping · the three most urgent fixes. If nothing is wrong, say so and stop.
If the scope is too large to review well in one answer, answer with this JSON object and nothing else:
{"status": "focused_review_required", "reason": "why", "suggestion": "how to split it, with the first part"}`,
    FILES_NEEDED,
  );
}
