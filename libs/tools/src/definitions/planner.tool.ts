import { z } from 'zod';
import { type ArgumentsOf, defineWorkflowTool, invalidArgument, type WorkflowView } from '../define.js';
import { evidenceFields, stepFields } from '../fields.js';

/** A plan expected to be at least this long is worth a pause before its first steps are settled. */
const DEEP_PLAN_STEPS = 5;
const DEEP_THINKING_UNTIL = 3;
const MAIN_BRANCH = 'main';
const SUMMARY_LINE = 200;

const planFields = {
  is_step_revision: z.boolean().default(false).describe('This step replaces an earlier one.'),
  revises_step_number: z.int().min(1).optional().describe('The step it replaces.'),
  is_branch_point: z.boolean().default(false).describe('This step begins an alternative.'),
  branch_from_step: z.int().min(1).optional().describe('The step the alternative begins after.'),
  branch_id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, '1 to 64 of A-Z, a-z, 0-9, "_", "." and "-"')
    .optional()
    .describe('Name of the branch this step belongs to.'),
  more_steps_needed: z.boolean().default(false).describe('More steps follow than expected.'),
};

export const planner = defineWorkflowTool({
  name: 'planner',
  title: 'Plan step by step',
  description:
    'Build a plan one step per call, with revisions and alternative branches; the server keeps it and shows it whole. ' +
    'Asks no model. For large or unclear tasks, before any work is done.',
  tier: 'essential',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: { ...stepFields, ...planFields, backtrack_from_step: evidenceFields.backtrack_from_step },
  ignored: ['model', 'use_assistant_model'],
  alias: 'planning',
  completedStatus: 'planning_complete',
  keepsPrevious: true,
  stages: [
    {
      when: (view) => isDeep(view) && view.stepNumber === 1,
      actions: [
        'Reflect before you plan: what the goal is, who needs it, and how one would see that it is reached.',
        'Write down constraints, assumptions and what is unknown; look unknowns up in the project if you can.',
        'Weigh at least two ways to the goal, and keep the one with the fewest risks.',
      ],
    },
    {
      when: (view) => isDeep(view) && view.stepNumber === 2,
      actions: [
        'Compare the ways you see: cost, risk, what each makes hard later. Use a branch for a serious alternative.',
        'Find what depends on what, and which part could make the whole plan fail.',
      ],
    },
    {
      when: isDeep,
      actions: [
        'Check the direction against the goal and the constraints of step 1; revise earlier steps that do not hold.',
        'Name the milestones, what each delivers, and how it is proven.',
      ],
    },
    {
      when: () => true,
      actions: [
        'Work out the next step: what is done, by which means, and how one sees that it is done.',
        'Revise an earlier step or begin a branch if something you learned contradicts the plan.',
      ],
    },
  ],
  answerFirst(view) {
    refuseUnknownSteps(view);
    return undefined;
  },
  totalSteps: (view) => {
    const { total_steps, more_steps_needed, next_step_required } = argumentsOf(view);
    const atLeast = Math.max(total_steps, view.stepNumber);
    return more_steps_needed && next_step_required ? Math.max(atLeast, view.stepNumber + 1) : atLeast;
  },
  pause: (view) => ({
    ...(isDeep(view) && { status: 'pause_for_deep_thinking', thinking_required: true }),
    ...planOf(view),
  }),
  complete: (view) => ({
    ...planOf(view),
    planning_complete: true,
    plan_summary: summaryOf(view.state),
    next_steps:
      'Show the user the plan: its steps in order, what each delivers, alternatives and risks. Then begin with step 1.',
  }),
});

type WorkflowState = WorkflowView['state'];

type PlanArguments = ArgumentsOf<typeof stepFields & typeof planFields>;

interface PlanStep {
  readonly step_number: number;
  readonly content: string;
  /** The step that brought the present content. */
  readonly revised_in_step?: number;
}

interface PlanBranch {
  readonly branch: string;
  readonly from_step?: number;
  readonly steps: readonly PlanStep[];
}

function argumentsOf({ args }: WorkflowView): PlanArguments {
  return args as PlanArguments;
}

/** What a recorded step said about its place in the plan. */
function placeOf(step: WorkflowView['state']['steps'][number]): Partial<PlanArguments> {
  return step.own;
}

function isDeep(view: WorkflowView): boolean {
  return view.stepNumber <= DEEP_THINKING_UNTIL && view.totalSteps >= DEEP_PLAN_STEPS;
}

function refuseUnknownSteps(view: WorkflowView): void {
  const { is_step_revision, revises_step_number, is_branch_point, branch_from_step, branch_id } =
    argumentsOf(view);
  const earlier = view.state.steps
    .map(({ stepNumber }) => stepNumber)
    .filter((number) => number < view.stepNumber);
  const isEarlier = (number: number | undefined): boolean => number !== undefined && earlier.includes(number);
  const expected = earlier.length > 0 ? `one of the earlier steps ${earlier.join(', ')}` : 'an earlier step';
  if (is_step_revision && !isEarlier(revises_step_number)) {
    throw invalidArgument('/revises_step_number', expected);
  }
  if (!is_branch_point) return;
  if (!isEarlier(branch_from_step)) throw invalidArgument('/branch_from_step', expected);
  if (branch_id === undefined) throw invalidArgument('/branch_id', 'a name for the new branch');
}

function planOf(view: WorkflowView): Readonly<Record<string, unknown>> {
  const history = historyOf(view.state);
  const branches = history.map(({ branch }) => branch).filter((branch) => branch !== MAIN_BRANCH);
  return {
    step_content: argumentsOf(view).step,
    plan_history: history,
    branches,
    planner_status: { step_history_length: view.state.steps.length, branches },
    ...previousPlan(view),
  };
}

/** Where a plan follows another in its conversation, its first step tells what that one was. */
function previousPlan({ state, stepNumber }: WorkflowView): Readonly<Record<string, unknown>> {
  const { previous } = state;
  return previous && stepNumber === 1 ? { previous_plan_summary: summaryOf(previous) } : {};
}

/** The plan as it now stands: a revision has taken the place of what it revises, on whichever branch that is. */
function historyOf({ steps }: WorkflowState): PlanBranch[] {
  const branches = new Map<string, { from?: number; steps: Map<number, PlanStep> }>([
    [MAIN_BRANCH, { steps: new Map() }],
  ]);
  /** By the number of a step, the place it fills: its own, or that of the step it revises. */
  const places = new Map<number, { branch: string; number: number }>();
  for (const step of steps) {
    const { stepNumber, step: content } = step;
    const { is_step_revision, revises_step_number, is_branch_point, branch_from_step, branch_id } =
      placeOf(step);
    const revised =
      is_step_revision && revises_step_number !== undefined ? places.get(revises_step_number) : undefined;
    const place = revised ?? { branch: branch_id ?? MAIN_BRANCH, number: stepNumber };
    places.set(stepNumber, place);
    const branch = branches.get(place.branch) ?? { steps: new Map<number, PlanStep>() };
    if (is_branch_point && !revised && branch_from_step !== undefined) branch.from ??= branch_from_step;
    branch.steps.set(place.number, {
      step_number: place.number,
      content,
      ...(revised && { revised_in_step: stepNumber }),
    });
    branches.set(place.branch, branch);
  }
  return [...branches].map(([branch, { from, steps }]) => ({
    branch,
    ...(from !== undefined && { from_step: from }),
    steps: [...steps.values()].sort((a, b) => a.step_number - b.step_number),
  }));
}

/** One line per step; the whole texts stand in the history. */
function summaryOf(state: WorkflowState): string {
  const sections = historyOf(state).map(({ branch, from_step, steps }) => {
    const from = from_step === undefined ? '' : ` (from step ${from_step})`;
    const title = branch === MAIN_BRANCH ? '## Plan' : `## Branch ${branch}${from}`;
    return [title, ...steps.map(({ step_number, content }) => `${step_number}. ${firstLine(content)}`)].join(
      '\n',
    );
  });
  return [firstLine(state.initialRequest), ...sections].join('\n\n');
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.length > SUMMARY_LINE ? `${line.slice(0, SUMMARY_LINE)}…` : line;
}
