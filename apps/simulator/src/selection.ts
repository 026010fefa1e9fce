import type { ControlQueue, Scripted } from './control-queue.js';
import { DEFAULT_PLAN, DEFAULT_STEP, readPlan, stepAt, type Plan } from './plan.js';
import type { ChatRequest } from './request.js';
import { findDirective, parseScript } from './script.js';
import { DEFAULT_SETTINGS, type Settings } from './settings.js';
import type { StandingPlans } from './standing-plans.js';

export interface Selection extends Scripted {
  readonly settings: Settings;
  /** The user's message without a directive. */
  readonly prompt: string;
  readonly hasDirective: boolean;
}

/** Everything that decides about a request beside the request itself. */
export interface Scripts {
  readonly queue: ControlQueue;
  readonly standing: StandingPlans;
}

/**
 * Directive in the message, then control queue, then suffix of the model name, then `ok`. A standing plan comes on
 * top: its behaviour wins over all of them, and without one its settings still hold.
 */
export function select(request: ChatRequest, attempt: number, { queue, standing }: Scripts): Selection {
  const directive = findDirective(request.prompt);
  const scripted = directive
    ? atAttempt(readPlan(directive.items), attempt)
    : (queue.take(request.model) ?? scriptOfModel(request.model, attempt));
  return {
    ...withStanding(scripted, standing.find(request.model), attempt, DEFAULT_SETTINGS),
    prompt: directive?.rest ?? request.prompt,
    hasDirective: directive !== undefined,
  };
}

/** For requests without a model, which answer at once unless told otherwise. */
export function selectForPath(
  path: string,
  attempt: number,
  { queue, standing }: Scripts,
): Pick<Selection, 'step' | 'settings'> {
  const scripted = queue.takeFor(path) ?? DEFAULT_SCRIPTED;
  return withStanding(scripted, standing.find(path), attempt, { ...DEFAULT_SETTINGS, latencyMs: 0 });
}

const DEFAULT_SCRIPTED: Scripted = { step: DEFAULT_STEP, settings: DEFAULT_PLAN.settings };

function withStanding(
  scripted: Scripted,
  standing: Plan | undefined,
  attempt: number,
  defaults: Settings,
): Pick<Selection, 'step' | 'settings'> {
  return {
    step: standing && standing.steps.length > 0 ? stepAt(standing, attempt) : scripted.step,
    settings: { ...defaults, ...scripted.settings, ...standing?.settings },
  };
}

function scriptOfModel(model: string, attempt: number): Scripted {
  const at = model.indexOf('@');
  if (at < 0) return DEFAULT_SCRIPTED;
  return atAttempt(readPlan(parseScript(model.slice(at + 1))), attempt);
}

function atAttempt(plan: Plan, attempt: number): Scripted {
  return { step: stepAt(plan, attempt), settings: plan.settings };
}
