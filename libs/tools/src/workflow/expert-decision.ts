import { type WorkflowTool } from '../define.js';
import { type Expert, type ExpertSkip, type WorkflowView } from './workflow.js';

/** How a workflow ends. */
export type ExpertDecision =
  | { readonly kind: 'ask'; readonly expert: Expert }
  | { readonly kind: 'skipped' | 'not asked'; readonly expert: ExpertSkip }
  | { readonly kind: 'no expert' };

export interface ExpertWish {
  readonly wanted: boolean;
  /** Where the wish comes from. */
  readonly enabledBy: 'caller' | 'setting';
}

export function expertDecision(
  { expert }: WorkflowTool,
  view: WorkflowView,
  { wanted, enabledBy }: ExpertWish,
): ExpertDecision {
  if (!expert) return { kind: 'no expert' };
  const skip = expert.skip?.(view);
  if (skip) return { kind: 'skipped', expert: skip };
  if (!wanted && enabledBy === 'caller') {
    return notAsked('skipped_by_request', 'use_assistant_model is false.');
  }
  if (!wanted) return notAsked('disabled', 'Expert analysis is switched off on this server.');
  if (!expert.isWorthIt(view)) {
    return notAsked('skipped_by_tool_design', 'There is not enough evidence to ask a model about.');
  }
  return { kind: 'ask', expert };
}

function notAsked(status: string, reason: string): ExpertDecision {
  return { kind: 'not asked', expert: { status, reason } };
}
