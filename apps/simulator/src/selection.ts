import type { ControlQueue, Scripted } from './control-queue.js';
import { DEFAULT_PLAN, DEFAULT_STEP, readPlan, stepAt } from './plan.js';
import type { ChatRequest } from './request.js';
import { findDirective, parseScript } from './script.js';

export interface Selection extends Scripted {
  /** The user's message without a directive. */
  readonly prompt: string;
  readonly hasDirective: boolean;
}

/** Directive in the message, then control queue, then suffix of the model name, then `ok`. */
export function select(request: ChatRequest, attempt: number, queue: ControlQueue): Selection {
  const directive = findDirective(request.prompt);
  if (directive) {
    const plan = readPlan(directive.items);
    return {
      step: stepAt(plan, attempt),
      settings: plan.settings,
      prompt: directive.rest,
      hasDirective: true,
    };
  }
  const scripted = queue.take(request.model) ?? scriptOfModel(request.model, attempt);
  return { ...scripted, prompt: request.prompt, hasDirective: false };
}

function scriptOfModel(model: string, attempt: number): Scripted {
  const at = model.indexOf('@');
  if (at < 0) return { step: DEFAULT_STEP, settings: DEFAULT_PLAN.settings };
  const plan = readPlan(parseScript(model.slice(at + 1)));
  return { step: stepAt(plan, attempt), settings: plan.settings };
}
