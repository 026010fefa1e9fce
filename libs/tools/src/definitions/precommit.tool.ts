import { z } from 'zod';
import { type ChangesWanted, defineWorkflowTool, invalidArgument, type WorkflowView } from '../define.js';
import { commitName, evidenceFields, expertFields, shortText, stepFields } from '../fields.js';
import {
  choice,
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  flag,
  hasEvidence,
  isFastTrack,
  isFirstStep,
  MARKDOWN_ANSWER,
  RECORD_EVIDENCE,
  reportedIssues,
  setting,
  SEVERITY_RULES,
  severityFilter,
  skipWhenInternal,
  systemPrompt,
} from '../prompt-rules.js';

const TYPE_FIELD = 'precommit_type';
/** Of either kind of system: the repository may be on the caller's side. */
const ABSOLUTE = /^(\/|[A-Za-z]:[\\/])/;

export const precommit = defineWorkflowTool({
  name: 'precommit',
  title: 'Validate a change set',
  description: 'Check git changes before a commit, step by step; a model checks last.',
  tier: 'advanced',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  unlisted: ['hypothesis'],
  fields: {
    ...stepFields,
    ...evidenceFields,
    path: shortText('Absolute repository root.').optional(),
    compare_to: commitName('Ref; else uncommitted.').optional(),
    include_staged: z.boolean().optional().describe('Default true.'),
    include_unstaged: z.boolean().optional().describe('Default true.'),
    [TYPE_FIELD]: choice(['external', 'internal'], 'internal: no model.'),
    focus_on: shortText('Concern.').optional(),
    severity_filter: severityFilter,
    ...expertFields,
  },
  alias: 'validation',
  completedStatus: 'validation_complete_ready_for_commit',
  pathFields: [{ field: 'path', exists: true }],
  answerFirst: (view) => {
    if (isFirstStep(view) && !ABSOLUTE.test(setting(view, 'path', ''))) {
      throw invalidArgument('/path', 'the absolute path of the repository (step 1)');
    }
    return undefined;
  },
  minimumSteps: (view) =>
    isFastTrack(view, TYPE_FIELD) || setting(view, TYPE_FIELD, 'external') === 'internal' ? 1 : 3,
  stages: [
    {
      when: (view) => isFirstStep(view) && isFastTrack(view, TYPE_FIELD),
      actions: [
        'Read git status and the diff once; the conversation so far stands for the investigation.',
        'Put the diff into findings, the changed files into relevant_files and what you noticed into issues_found.',
        'Call the next step with next_step_required false: the model then checks the change set.',
      ],
    },
    {
      when: isFirstStep,
      actions: [
        'In path, read the state of the repository with read-only commands: git status, git diff, git diff --cached, or git diff against compare_to.',
        'List every changed, added, deleted, renamed and untracked file; a forgotten or stray file is a finding.',
        'State the intent of the change in one sentence, and check that the diff does this and nothing else.',
        'Put the diff into findings, or its essential hunks if it is long, and the changed files into relevant_files.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: ({ stepNumber }) => stepNumber === 2,
      actions: [
        'Read each changed function whole, and every caller of what changed its signature, result, error or default.',
        'Look for defects the diff brings: logic, boundaries, errors, concurrency, resources, security, compatibility of data and API.',
        'Look for what must not be committed: secrets, debug output, disabled tests, dead code, conflict marks, local paths.',
        'Look for what is missing: tests, migration, documentation, change log, configuration, the other half of a rename.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Run the tests, types and linter that concern the change if you may, and report the real output.',
        'Check each issue again at its line; correct its severity by effect and likelihood, drop what does not hold.',
        'Say in findings whether it is ready to commit, and what must be done first, then call the last step.',
      ],
    },
  ],
  reported: reportedIssues,
  status: (view) => ({
    issues_identified: reportedIssues(view).length,
    precommit_type: setting(view, TYPE_FIELD, 'external'),
  }),
  expert: {
    prompt: prompt(),
    instruction:
      'Check the change set. Confirm, correct or reject each issue of the agent, and add what it missed. Keep to focus_on; report only issues that severity_filter lets through.',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenInternal(TYPE_FIELD, 'skipped_due_to_certain_validation_confidence'),
    isWorthIt: (view) => isFastTrack(view, TYPE_FIELD) || hasEvidence(view),
    changes,
  },
});

/** As they were last asked for, whichever step did. */
function changes(view: WorkflowView): ChangesWanted | undefined {
  const path = setting(view, 'path', '');
  const compareTo = setting(view, 'compare_to', '').trim();
  if (path === '') return undefined;
  return {
    path,
    ...(compareTo !== '' && { compareTo }),
    staged: flag(view, 'include_staged', true),
    unstaged: flag(view, 'include_unstaged', true),
  };
}

function prompt(): string {
  return systemPrompt(
    `You are the last reviewer before a commit. An AI agent has examined a git change set in steps; you see the request, its notes, the changed files, and where a block named "git diff" stands among them, what git itself says of the change. That block outranks the agent's report; what it leaves out you have not seen. You decide whether it may be committed.`,
    `Method
- Judge the change, not the history: a defect that was there before counts only if the change makes it worse or builds on it.
- Does the diff do what the request says, all of it, and nothing else?
- For each changed line ask who depends on the old behaviour: callers, stored data, configuration, clients, tests.
- Look for what is absent: a caller not updated, a case not handled, a test not written, a migration or document forgotten.
- Look for what must not go in: secrets, debug output, disabled tests, conflict marks, generated or local files.
- severity_filter names the least severity to report: "high" means critical and high. "all" reports everything.`,
    SEVERITY_RULES,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
Start with a verdict in one sentence: commit, commit after fixes, or do not commit. Then the issues, gravest first, each as
[SEVERITY] file:line - what is wrong
  Why: how it fails, with the input or situation
  Fix: the change
Then: agent's issues you reject (with reason) · missing tests, as scenarios · what to do before the commit, in order. If nothing is wrong, say so and stop.
If the change set is too large to check well in one answer, answer with this JSON object and nothing else:
{"status": "focused_review_required", "reason": "why", "suggestion": "how to split it, with the first part"}`,
    FILES_NEEDED,
  );
}
