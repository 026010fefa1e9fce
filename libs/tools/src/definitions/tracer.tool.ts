import { z } from 'zod';
import {
  acceptedText,
  type ArgumentsOf,
  defineWorkflowTool,
  elicitation,
  type WorkflowView,
} from '../define.js';
import { evidenceFields, stepFields, text } from '../fields.js';

const {
  findings,
  files_checked,
  relevant_files,
  relevant_context,
  confidence: confidenceField,
  backtrack_from_step,
} = evidenceFields;

const traceFields = {
  trace_mode: z
    .enum(['precision', 'dependencies', 'ask'])
    .describe('precision: execution flow; dependencies: who uses whom; ask: unsure.'),
  target_description: text('What to trace and why: function, class or module.'),
};

const MODES = [
  { value: 'precision', title: 'Execution flow: which calls run in which order' },
  { value: 'dependencies', title: 'Structure: what uses the target, and what it uses' },
];

const QUESTION = elicitation('What shall be traced?', {
  name: 'trace_mode',
  title: 'Kind of trace',
  choices: MODES,
});

export const tracer = defineWorkflowTool({
  name: 'tracer',
  title: 'Trace code',
  description:
    'Drives you through tracing code with evidence: the execution flow of a function, or the dependencies of a module. ' +
    'You read the code; no model is asked.',
  tier: 'advanced',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    ...stepFields,
    ...traceFields,
    findings,
    files_checked,
    relevant_files,
    relevant_context,
    confidence: confidenceField.describe('How complete the trace is.'),
    backtrack_from_step,
  },
  ignored: ['model', 'use_assistant_model', 'use_websearch', 'images', 'stream'],
  alias: 'tracing',
  completedStatus: 'tracing_complete',
  stages: [
    {
      when: ({ stepNumber }) => stepNumber === 1,
      actions: [
        'Find the definition of the target: file, line, signature, and what it is for.',
        'Find everything of the same name, overloads and implementations included, and say which one is meant.',
        'Note direct callers and direct callees as the first nodes of the trace.',
      ],
    },
    {
      when: (view) => isUnsure(view) && isPrecision(view),
      actions: [
        'Follow each call from the entry point on, in the order of execution; cite every call as file:line.',
        'Note the condition of every branch, loops, early returns and thrown errors on the way.',
        'Note asynchronous hand-overs: queues, events, timers, callbacks, and where they arrive.',
      ],
    },
    {
      when: isUnsure,
      actions: [
        'Search for every use of the target: imports, calls, subclasses, registrations, configuration, tests.',
        'List what the target itself needs, by kind: call, import, inheritance, data, injected service.',
        'Follow indirect uses through interfaces, reflection and names in text; cite each as file:line.',
      ],
    },
    {
      when: (view) => view.gathered.confidence === 'medium' && isPrecision(view),
      actions: [
        'Fill the gaps: implementations behind interfaces, overridden methods, default branches.',
        'List side effects with their place: database, network, files, shared state, logs.',
        'Check the order of calls against the code once more.',
      ],
    },
    {
      when: (view) => view.gathered.confidence === 'medium',
      actions: [
        'Fill the gaps: cycles, shared state, dependencies that exist only at run time or at build time.',
        'Mark each dependency as direct or indirect, and as wanted or accidental.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Verify every node and edge by its file:line, and strike what you cannot prove.',
        'Finish with next_step_required false; the answer says how to present the trace.',
      ],
    },
  ],
  asksFirst: (args) => (args['trace_mode'] === 'ask' ? { trace_mode: QUESTION } : undefined),
  withResponses(args, responses) {
    const mode = MODES.find(({ value }) => value === acceptedText(responses['trace_mode'], 'trace_mode'));
    return mode ? { ...args, trace_mode: mode.value } : args;
  },
  answerFirst: (view) => (argumentsOf(view).trace_mode === 'ask' ? askForMode(view) : undefined),
  status: (view) => ({ trace_mode: argumentsOf(view).trace_mode }),
  complete: (view) => {
    const { trace_mode, target_description } = argumentsOf(view);
    return {
      trace_summary: {
        target: target_description,
        trace_mode,
        files_analyzed: view.gathered.filesChecked.length,
        total_steps: view.state.steps.length,
        trace_quality: qualityOf(view),
      },
      output_format: isPrecision(view) ? CALL_TREE : DEPENDENCY_TABLE,
      next_steps: 'Present the trace to the user in the form that output_format describes.',
    };
  },
});

type TraceArguments = ArgumentsOf<typeof traceFields>;

function argumentsOf({ args }: WorkflowView): TraceArguments {
  return args as TraceArguments;
}

function isPrecision(view: WorkflowView): boolean {
  return argumentsOf(view).trace_mode === 'precision';
}

function isUnsure({ gathered }: WorkflowView): boolean {
  return gathered.confidence === 'exploring' || gathered.confidence === 'low';
}

function qualityOf({ gathered }: WorkflowView): 'high' | 'medium' | 'low' {
  switch (gathered.confidence) {
    case 'exploring':
    case 'low':
      return 'low';
    case 'medium':
    case 'high':
      return 'medium';
    default:
      return 'high';
  }
}

function askForMode(view: WorkflowView) {
  return {
    status: 'mode_selection_required',
    mode_selection_required: true,
    target_description: argumentsOf(view).target_description,
    trace_modes: {
      precision:
        'Execution flow: which calls run in which order, under which conditions, with which effects.',
      dependencies: 'Structure: what uses the target, and what the target uses.',
    },
    next_steps:
      'Ask the user which of the two trace modes is wanted, then send this step again with that trace_mode.',
  };
}

const CALL_TREE = `Present a call tree in a code block, then a short list of what matters.

Form of the tree
- One line per call: \`file:line  Type.method(parameters)\`, indented below its caller, in the order of execution.
- Mark what is not plain: \`[if condition]\`, \`[loop: over what]\`, \`[async: queue or event]\`, \`[throws: what]\`, \`[n implementations]\`.
- A call that was traced before is named once more with \`↑ see above\`, not repeated.

Below the tree
- Side effects: one line each with file:line and what changes (database, network, files, shared state).
- Open points: what the code alone does not decide, for example calls chosen at run time.

Only nodes that you saw in the code; no call without file:line.`;

const DEPENDENCY_TABLE = `Present two tables, then a short list of what matters.

| direction | file:line | symbol | kind | note |
- Incoming: everything that uses the target. Outgoing: everything the target uses.
- Kind: call, import, inherits, implements, injects, data, configuration or test.
- Note: indirect, only at run time, cyclic, accidental; empty where it is plain.

Below the tables
- Cycles: the full ring, one line each.
- Coupling: what would have to change with the target, and what would not.
- Open points: dependencies that the code alone does not show.

Only dependencies that you saw in the code; no row without file:line.`;
