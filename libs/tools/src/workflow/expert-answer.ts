import { withoutFence } from '../answer.js';

/** These statuses of a model's answer stand for the whole call, since the caller has to act on them. */
const PROMOTED: ReadonlySet<unknown> = new Set([
  'files_required_to_continue',
  'investigation_paused',
  'refactoring_paused',
]);

export interface ExpertAnswer {
  /** What stands in `expert_analysis`; undefined when the answer is promoted. */
  readonly analysis?: Readonly<Record<string, unknown>>;
  /** The model's own object, whose status is that of the call. */
  readonly promoted?: Readonly<Record<string, unknown>> & { readonly status: string };
  /** The model says that it could not analyse. */
  readonly failed: boolean;
}

/** Reads what the model answered; nothing in it is ever acted upon. */
export function readExpertAnswer(content: string): ExpertAnswer {
  if (content.trim() === '') return { analysis: { status: 'empty_response' }, failed: false };
  const json = asObject(content);
  if (!json) {
    return {
      analysis: { status: 'analysis_complete', raw_analysis: content, format: 'text' },
      failed: false,
    };
  }
  const status = typeof json['status'] === 'string' ? json['status'] : 'analysis_complete';
  if (PROMOTED.has(status)) return { promoted: { ...json, status }, failed: false };
  return { analysis: { ...json, status }, failed: status === 'analysis_error' };
}

function asObject(content: string): Record<string, unknown> | undefined {
  const text = withoutFence(content.trim());
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
