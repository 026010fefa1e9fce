import { withoutFence } from '../asking/answer.js';

/**
 * These statuses of a model's answer stand for the whole call, since the caller has to act on them: by status, what
 * it is to do.
 */
const PROMOTED: Readonly<Record<string, string>> = {
  files_required_to_continue:
    'Do what the model asks for, then send this step again with the files it needs.',
  investigation_paused: 'Do what the model asks for, then send this step again.',
  refactoring_paused: 'Do what the model asks for, then send this step again.',
  full_codereview_required: 'Call codereview with what the model names, then decide whether to go on here.',
  focused_review_required: 'Split the scope as the model suggests, and begin a workflow for each part.',
  test_sample_needed:
    'Add existing tests that show the framework to relevant_files, then send this step again.',
  more_tests_required:
    'Keep the tests that are there, then send this step again and ask for the pending ones.',
  no_bug_found: 'Ask the user for more detail: what was seen, what was expected, and how to reproduce it.',
};

export interface ExpertAnswer {
  /** What stands in `expert_analysis`; undefined when the whole answer is promoted. */
  readonly analysis?: Readonly<Record<string, unknown>>;
  /** The model's own object, whose status is that of the call. */
  readonly promoted?: Readonly<Record<string, unknown>> & { readonly status: string };
  /** What the caller is to do about a promoted status. */
  readonly advice?: string;
  /** The model says that it could not analyse. */
  readonly failed: boolean;
}

/** Reads what the model answered; nothing in it is ever acted upon. */
export function readExpertAnswer(content: string): ExpertAnswer {
  if (content.trim() === '') return { analysis: { status: 'empty_response' }, failed: false };
  const json = asObject(content);
  if (!json) return readText(content);
  const status = typeof json['status'] === 'string' ? json['status'] : 'analysis_complete';
  const advice = adviceOn(status);
  if (advice !== undefined) return { promoted: { ...json, status }, advice, failed: false };
  return { analysis: { ...json, status }, failed: status === 'analysis_error' };
}

/** An answer that did not fit ends with a status on a line of its own. */
function readText(content: string): ExpertAnswer {
  const analysis = (text: string) => ({ status: 'analysis_complete', raw_analysis: text, format: 'text' });
  const lineAt = content.trimEnd().lastIndexOf('\n') + 1;
  const last = asObject(content.slice(lineAt));
  const status = typeof last?.['status'] === 'string' ? last['status'] : '';
  const advice = adviceOn(status);
  if (advice === undefined) return { analysis: analysis(content), failed: false };
  const text = content.slice(0, lineAt).trimEnd();
  return { analysis: analysis(text), promoted: { ...last, status }, advice, failed: false };
}

function adviceOn(status: string): string | undefined {
  return Object.hasOwn(PROMOTED, status) ? PROMOTED[status] : undefined;
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
