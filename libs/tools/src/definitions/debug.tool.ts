import { defineWorkflowTool } from '../define.js';
import { evidenceFields, expertFields, stepFields } from '../fields.js';
import {
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasEvidence,
  isBelow,
  isFirstStep,
  JSON_ANSWER,
  RECORD_EVIDENCE,
  skipWhenCertain,
  systemPrompt,
} from '../prompt-rules.js';

export const debug = defineWorkflowTool({
  name: 'debug',
  title: 'Find a root cause',
  description:
    'Find the root cause of a bug step by step: hypotheses tested against evidence; a model checks the conclusion at the end.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: { ...stepFields, ...evidenceFields, ...expertFields },
  alias: 'investigation',
  completedStatus: 'certain_confidence_proceed_with_fix',
  stages: [
    {
      when: isFirstStep,
      actions: [
        'Write down the symptom exactly: message, stack trace, input, when it began, how often, and how to reproduce it.',
        'Find the code the symptom passes through, and read it; follow the stack trace frame by frame if there is one.',
        'State what the code is meant to do there, from tests, callers and documents, before judging what it does.',
        'Form a first hypothesis that one observation could prove wrong.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => isBelow(view, 'medium'),
      actions: [
        'Read the suspect functions whole; trace calls and data backwards from the failure to where the value first goes wrong.',
        'Check edge cases: empty, absent, concurrent, repeated, out of order, time zones, encodings, limits.',
        'Check what surrounds the code: configuration, environment, versions, recent changes (git log and blame, read only).',
        'Name the evidence for and against each hypothesis; discard the refuted ones openly.',
      ],
    },
    {
      when: (view) => isBelow(view, 'almost_certain'),
      actions: [
        'Confirm the exact failing path: each step from trigger to symptom with file:line. No gap may rest on "probably".',
        'Try to refute the hypothesis: what else would explain every observation, and why does it not?',
        'Search for siblings of the defect: the same pattern elsewhere, other callers of the same code.',
        'If the evidence shows no defect, say so: "no bug" is a valid result; name the misunderstanding instead.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Write the causal chain in full: trigger, defect at file:line, propagation, symptom.',
        'Design the minimal fix at the cause, not at the symptom, and a test that fails without it.',
        'Name the regression risk: who depends on the present behaviour, and what to check after the fix.',
      ],
    },
  ],
  status: ({ gathered }) => ({ hypotheses_formed: gathered.hypotheses.length }),
  expert: {
    prompt: prompt(),
    instruction:
      "Find the root cause. Test the agent's hypotheses against the code, rank what remains, and give the minimal fix. Use stack traces and images where the notes have them.",
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenCertain('skipped_due_to_certain_confidence'),
    isWorthIt: hasEvidence,
  },
});

function prompt(): string {
  return systemPrompt(
    `You are an expert in root-cause analysis. An AI agent has investigated a reported failure in steps; you see the symptom, its notes and hypotheses, and the files. You settle what is wrong.`,
    `Method
- Start from the symptom and walk backwards; a cause must explain every observation, the absence of others included.
- Keep apart: trigger, defect, propagation, symptom. Fix the defect.
- Rank hypotheses by evidence, most likely first; leave out those the evidence refutes. One proven cause needs no companions.
- The fix is minimal and local. Say what could break by it and how to check.
- Do not invent a bug: if the material shows none, say no_bug_found.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${JSON_ANSWER} Confidence is high, medium or low; file_references are "path:line" strings.
{"status": "analysis_complete", "summary": "the cause in 1-2 sentences", "hypotheses": [{"name": "", "confidence": "high", "root_cause": "", "evidence": "what in the code or the notes proves it", "correlation": "how it leads to the symptom", "validation": "the quickest check", "minimal_fix": "the change, with code if short", "regression_check": "what could break and how to see it", "file_references": [""]}], "key_findings": [""], "immediate_actions": [""], "recommended_tools": [""], "prevention_strategy": "what would have caught it", "investigation_summary": ""}
If there is no defect in what you were shown:
{"status": "no_bug_found", "summary": "what was checked and what the behaviour really is", "alternative_explanations": [""], "questions": ["what to ask the user"], "investigation_summary": ""}`,
    FILES_NEEDED,
  );
}
