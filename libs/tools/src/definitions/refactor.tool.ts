import { z } from 'zod';
import { defineWorkflowTool, type WorkflowView } from '../define.js';
import { evidenceFields, expertFields, stepFields, textList } from '../fields.js';
import {
  choice,
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasEvidence,
  isBelow,
  isFirstStep,
  JSON_ANSWER,
  listSetting,
  RECORD_EVIDENCE,
  setting,
  skipWhenCertain,
  systemPrompt,
} from '../prompt-rules.js';

/** How far the search for opportunities is, as callers of this tool may also say it. */
const CONFIDENCE_ALIASES: Readonly<Record<string, string>> = {
  incomplete: 'low',
  partial: 'medium',
  complete: 'certain',
};

export const refactor = defineWorkflowTool({
  name: 'refactor',
  title: 'Find refactorings',
  description:
    'Find refactoring opportunities step by step: code smells, decomposition, modernisation, organisation. Behaviour stays; a model ranks them at the end.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: {
    ...stepFields,
    ...evidenceFields,
    confidence: z
      .preprocess(
        (value) => (typeof value === 'string' && CONFIDENCE_ALIASES[value]) || value,
        evidenceFields.confidence.removeDefault(),
      )
      .default('low')
      .describe('How complete; complete or certain skips the model.'),
    refactor_type: choice(['codesmells', 'decompose', 'modernize', 'organization'], 'Kind of refactoring.'),
    focus_areas: textList('Main concerns.', 20),
    style_guide_examples: textList('Absolute paths of model code.', 20),
    ...expertFields,
  },
  alias: 'refactoring_analysis',
  completeName: 'refactoring',
  completedStatus: 'refactoring_analysis_complete_ready_for_implementation',
  needsFiles: true,
  pathFields: [{ field: 'style_guide_examples', exists: true }],
  stages: [
    {
      when: isFirstStep,
      actions: [
        'Read the code in scope and its callers; write down which behaviour must stay exactly as it is.',
        'Measure: longest files and functions, deepest nesting, most parameters, most imports, duplicate blocks.',
        'Check which tests pin the behaviour; untested code needs tests before it is changed.',
        'Put each opportunity into issues_found with severity, file, line, and type: codesmells, decompose, modernize or organization.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => isBelow(view, 'medium'),
      actions: [
        'Look at the largest files and functions first: which separate duties do they hold, and where is the natural seam?',
        'Look for the causes of change going together: duplicate logic, shotgun edits, feature envy, hidden shared state.',
        'Compare with the language and framework versions in use and, if given, with style_guide_examples.',
      ],
    },
    {
      when: (view) => isBelow(view, 'high'),
      actions: [
        'For each opportunity note exact start and end lines and every caller that is affected.',
        'Weigh it: what becomes easier, what could break. Drop those that only move code around.',
        'Order them: what must come first, which are independent, which conflict.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Check that every opportunity keeps behaviour, types and public names, or says openly where it does not.',
        'Confirm the lines once more, and that the plan can be done in steps that each leave the tests green.',
        'Set confidence to complete only if nothing in scope is unread; otherwise name what is.',
      ],
    },
  ],
  status: (view) => ({
    opportunities_by_type: opportunitiesByType(view),
    refactor_confidence: view.gathered.confidence,
  }),
  expert: {
    prompt: prompt(),
    instruction:
      'List the refactoring opportunities of the refactor_type asked for (default codesmells), the focus_areas first, in the style of the style_guide_examples if there are any.',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenCertain('skipped_due_to_complete_refactoring_confidence'),
    isWorthIt: hasEvidence,
    extraFiles: (view) => listSetting(view, 'style_guide_examples'),
  },
});

/** An issue without a type counts for the kind of refactoring that was asked for. */
function opportunitiesByType(view: WorkflowView): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { type = setting(view, 'refactor_type', 'codesmells') } of view.gathered.issues) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function prompt(): string {
  return systemPrompt(
    `You are a refactoring expert. An AI agent has examined code in steps; you see its notes and the files. You decide what is worth changing, and give changes exact enough to apply.`,
    `Method
- Behaviour stays: results, errors, order of effects, public names. Where a change cannot keep them, say so in its rationale.
- Types: decompose (a file, class or function with several duties; show the seam), codesmells (duplication, long parameter lists, deep nesting, hidden state, dead code), modernize (what the versions in use already offer), organization (names, placement, module boundaries).
- Decompose what is too large to reason about before polishing what is inside it.
- Prefer few changes of real benefit. A change must make the next change easier or remove a class of faults; moving code is no benefit.
- Respect the project's conventions and the style examples.`,
    `Severity: critical = blocks safe change of the code at all; high = costs time at every change; medium = costs time now and then; low = tidiness.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${JSON_ANSWER} Lines are numbers; the context texts are the first and last line as they stand in the file, without line numbers; code_to_replace is an exact copy.
{"status": "refactor_analysis_complete", "refactor_opportunities": [{"id": "refactor-001", "type": "decompose|codesmells|modernize|organization", "severity": "critical|high|medium|low", "file": "path", "start_line": 1, "end_line": 2, "context_start_text": "", "context_end_text": "", "issue": "", "suggestion": "", "rationale": "", "code_to_replace": "", "replacement_code_snippet": ""}], "priority_sequence": ["refactor-001"], "next_actions": [{"action_type": "", "target_file": "", "description": ""}]}
If the scope is too large for one answer:
{"status": "focused_review_required", "reason": "why", "suggestion": "how to split it, with the first part"}`,
    FILES_NEEDED,
  );
}
