import { defineWorkflowTool } from '../define.js';
import { evidenceFields, expertFields, stepFields } from '../fields.js';
import {
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasFileOrFindings,
  isBelow,
  isFirstStep,
  MARKDOWN_ANSWER,
  RECORD_EVIDENCE,
  skipWhenCertain,
  systemPrompt,
} from '../prompt-rules.js';

export const testgen = defineWorkflowTool({
  name: 'testgen',
  title: 'Generate tests',
  description:
    "Plan tests for given code step by step: paths, edge cases, failure modes; a model writes them at the end in the project's framework.",
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: { ...stepFields, ...evidenceFields, ...expertFields },
  alias: 'test_analysis',
  completeName: 'test_generation',
  completedStatus: 'test_generation_complete_ready_for_implementation',
  needsFiles: true,
  stages: [
    {
      when: isFirstStep,
      actions: [
        'Read the code to test whole, and write down what each public function promises: inputs, outputs, effects, errors.',
        'Find the test framework, its configuration and two or three existing tests; add them to relevant_files as samples.',
        'Note what must be controlled from outside: time, randomness, network, files, database, environment.',
        'List each scenario to test in relevant_context, as "function: scenario".',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: (view) => isBelow(view, 'medium'),
      actions: [
        'Walk every branch: which input reaches it, and what must be observed there?',
        'Add edge cases: empty, one, many, limits and one beyond, absent, duplicate, malformed, Unicode, negative, overflow.',
        'Add failures: each dependency that can throw, time out or answer wrongly; cancellation; partial writes.',
      ],
    },
    {
      when: (view) => isBelow(view, 'high'),
      actions: [
        'Add what concerns state and time: order of calls, repetition, concurrency, clean-up after a failure.',
        'For each scenario name the defect it would catch; drop scenarios that test the framework or repeat another.',
        'Compare with the existing tests: what is covered already, and which of them could never fail?',
      ],
    },
    {
      when: () => true,
      actions: [
        'Order the scenarios by risk; for each give input, expected observation and the level (unit, integration).',
        'Check that fixtures and helpers the tests need are in relevant_files, so that the tests can use them.',
        'Name what stays untested, why, and what would have to change to test it.',
      ],
    },
  ],
  status: ({ gathered }) => ({ test_scenarios_identified: gathered.relevantContext.length }),
  expert: {
    prompt: prompt(),
    instruction:
      'Write the tests: cover the listed scenarios and those that are missing, in the framework and style of the given samples.',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenCertain('skipped_due_to_certain_test_confidence'),
    isWorthIt: (view) => hasFileOrFindings(view, 1),
  },
});

function prompt(): string {
  return systemPrompt(
    `You are an engineer who writes tests that find defects. An AI agent has planned tests in steps; you see its notes, the code under test and samples of existing tests.`,
    `Method
- Use the framework, layout, naming and fixtures of the samples and the manifest. Add no dependency.
- Test behaviour that a caller can observe, not the implementation; no assertion on private parts or on the order of internal calls.
- Each test would fail for one named defect. No test without an assertion, none that repeats the code's own computation as expectation.
- Go by risk: main path, then limits, failures, concurrency, clean-up. Realistic causes only.
- Prefer real parts; replace only what is slow, random or outside the process. Control time and randomness.
- Tests are independent, deterministic and quick; names are sentences about behaviour.
- If the code under test has a defect, say so first with file:line; write the test for the right behaviour and mark that it fails now.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
First the plan: scenarios as a list, by risk. Then the tests: one fenced block per test file, preceded by its path, complete and ready to run, imports included. Last: how to run them, and what stays untested.
If the framework cannot be inferred from the material, answer with this JSON object and nothing else:
{"status": "test_sample_needed", "reason": "what is missing and where such samples are likely to be"}
If the tests do not fit into one answer, finish the most important file and end with this JSON object on a line of its own:
{"status": "more_tests_required", "pending_tests": "test name (file), test name (file)"}`,
    FILES_NEEDED,
  );
}
