import { BEHAVIOURS, OK, type Behaviour } from './behaviours.js';
import { parseScript, ScriptError, splitArgument, type ScriptItem } from './script.js';
import { readNumbers, readSetting, type Settings } from './settings.js';

export interface Step {
  readonly behaviour: Behaviour;
  readonly args: readonly number[];
  /** The argument of a behaviour that takes text. */
  readonly text?: string;
  /** How many attempts it answers; undefined: one, or all remaining ones if it is the last step. */
  readonly times: number | undefined;
}

export interface Plan {
  /** What the script changes; the rest stays as it was. */
  readonly settings: Partial<Settings>;
  readonly steps: readonly Step[];
}

const BY_NAME = new Map(
  BEHAVIOURS.flatMap((behaviour) =>
    [behaviour.name, ...behaviour.aliases].map((name) => [name, behaviour] as const),
  ),
);

export const DEFAULT_STEP: Step = { behaviour: OK, args: [], times: undefined };
export const DEFAULT_PLAN: Plan = { settings: {}, steps: [] };

/** Gives the items of a script their meaning: settings apply throughout, behaviours follow each other. */
export function readPlan(items: readonly ScriptItem[]): Plan {
  let settings: Partial<Settings> = {};
  const steps: Step[] = [];
  for (const item of items) {
    const changes = readSetting(item);
    if (changes) settings = { ...settings, ...changes };
    else steps.push(item.name === 'fail-first' ? readFailFirst(item) : readStep(item));
  }
  return { settings, steps };
}

/** The step that answers the given attempt, counted from 1; `ok` once the steps are used up. */
export function stepAt(plan: Plan, attempt: number): Step {
  let last = 0;
  for (const [index, step] of plan.steps.entries()) {
    const isFinal = index === plan.steps.length - 1;
    last += step.times ?? (isFinal ? Infinity : 1);
    if (attempt <= last) return step;
  }
  return DEFAULT_STEP;
}

/** The steps one request each, for a queue that counts requests rather than attempts. */
export function unrollSteps(plan: Plan): Step[] {
  if (plan.steps.length === 0) return [DEFAULT_STEP];
  return plan.steps.flatMap((step) => Array<Step>(step.times ?? 1).fill(step));
}

function readStep(item: ScriptItem): Step {
  const behaviour = BY_NAME.get(item.name);
  if (!behaviour) throw new ScriptError(`unknown behaviour "${item.name}".`);
  const { times } = item;
  if (behaviour.takesText) {
    return { behaviour, args: [], times, ...(item.argument !== undefined && { text: item.argument.trim() }) };
  }
  return { behaviour, args: readNumbers(item, behaviour.parameters.length), times };
}

/** `fail-first(500, 2)` is `500 x2` under a name that says what it is for. */
function readFailFirst(item: ScriptItem): Step {
  const [failure = '', count = '1', ...others] = splitArgument(item.argument);
  const [inner, ...more] = parseScript(failure);
  if (!inner || more.length > 0 || others.length > 0 || !/^\d{1,4}$/.test(count)) {
    throw new ScriptError('"fail-first" takes a behaviour and a number.');
  }
  return { ...readStep(inner), times: Number(count) };
}
