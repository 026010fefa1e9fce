import { z } from 'zod';
import { defineWorkflowTool } from '../define.js';
import { evidenceFields, expertFields, stepFields } from '../fields.js';
import {
  choice,
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasFileOrFindings,
  isBelow,
  isFirstStep,
  MARKDOWN_ANSWER,
  RECORD_EVIDENCE,
  systemPrompt,
} from '../prompt-rules.js';

export const analyze = defineWorkflowTool({
  name: 'analyze',
  title: 'Assess a codebase',
  description:
    'Assess architecture, performance, security or quality step by step; a model judges at the end. For strategy; for defects use codereview.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: {
    ...stepFields,
    ...z.object(evidenceFields).omit({ hypothesis: true }).shape,
    analysis_type: choice(
      ['architecture', 'performance', 'security', 'quality', 'general'],
      'What to assess.',
    ),
    output_format: choice(['summary', 'detailed', 'actionable'], 'Form of the answer.'),
    ...expertFields,
  },
  alias: 'analysis',
  completedStatus: 'analysis_complete_ready_for_implementation',
  needsFiles: true,
  stages: [
    {
      when: isFirstStep,
      actions: [
        'Map the structure: modules, entry points, where state lives, and the stack with its versions from the manifests.',
        'Name the patterns and conventions the code really follows, each with one file:line as proof.',
        'Note what the code is for and what load, data and failures it must bear; that decides what counts as a weakness.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => isBelow(view, 'medium'),
      actions: [
        'Read the core modules whole, not only search hits.',
        'Follow one real request or job from entry to storage and back: calls, data shapes, error paths.',
        'List the dependencies between modules, cycles included, and what each external dependency is used for.',
      ],
    },
    {
      when: (view) => isBelow(view, 'high'),
      actions: [
        'Check how it grows: unbounded work or memory, repeated queries, shared locks, single points of failure.',
        'Check how it changes: pick a likely next feature and count the files it would touch; name the coupling that causes it.',
        'Check what keeps it right: tests on the critical paths, error handling, configuration, observability.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Confirm every finding with file:line; drop what the code does not bear out.',
        'Rank the improvements by benefit against effort, and say what happens if each is left undone.',
        'Note the strengths worth keeping, and where the code is more complicated than its purpose needs.',
      ],
    },
  ],
  expert: {
    prompt: prompt(),
    instruction:
      'Assess the code for the analysis_type asked for, in the output_format asked for (default: general, detailed).',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    isWorthIt: (view) => hasFileOrFindings(view, 1),
  },
});

function prompt(): string {
  return systemPrompt(
    `You are a principal engineer who assesses a codebase for the people who will decide its next year. An AI agent has read the code in steps; you see its notes and the files it found relevant.`,
    `Method
- First understand purpose, constraints and scale from the material; judge against those, not against an ideal.
- Look for what is systemic: structure, boundaries, data flow, failure behaviour, growth, cost of change. Leave single defects to a code review, unless they show a pattern.
- Weigh both sides: what is over-engineered matters as much as what is missing. Say which strengths must be kept.
- For each recommendation give benefit, effort, risk, and the first step that can be done alone.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
Sections: Overall judgement (3 sentences at most) · Findings, most important first (each: what is, file:line, why it matters, what to do) · Strengths to keep · Quick wins · Next steps in order. "summary" wants judgement and the top five only; "actionable" wants numbered tasks with their files.
If the request really needs defects found line by line across the whole codebase, answer with this JSON object and nothing else:
{"status": "full_codereview_required", "important": "what to review and why"}`,
    FILES_NEEDED,
  );
}
