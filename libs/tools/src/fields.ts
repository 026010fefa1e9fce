import { z } from 'zod';
import { EXECUTIONS, STANCES } from './consensus/consensus.js';
import { isCommitName } from './commit-name.js';
import { CONFIDENCES, SEVERITIES } from './workflow/workflow.js';

export { functionsField, messagesField, toolChoiceField, WEB_SEARCH } from './chat-fields.js';

/** Longer than any file path or model name, short enough to be harmless in a log or an error. */
const SHORT_TEXT = 4_096;
const MAX_FILES = 200;
const MAX_CHECKED_FILES = 500;
const MAX_ISSUES = 200;
/** Images of one question. */
export const MAX_IMAGES = 16;
/** Of a `data:` URL that holds 20 MiB. */
const MAX_IMAGE_TEXT = 28_000_000;

/**
 * A long text the caller writes: prompts, findings. It has no limit here; the catalogue adds the configured one
 * to every string without its own.
 */
export function text(description: string) {
  return z
    .string()
    .refine((value) => /\S/.test(value), 'text that is not blank')
    .describe(description);
}

/** A name, an id, a path: never long. */
export function shortText(description: string) {
  return z.string().max(SHORT_TEXT).describe(description);
}

/** A branch, a tag or anything else that stands for one commit; blank counts as none. */
export function commitName(description: string) {
  return shortText(description).refine(
    (value) => value.trim() === '' || isCommitName(value),
    'a branch, a tag or a commit: letters, digits and . / - _ ~ ^ @ { }, without ".." and not "-" first',
  );
}

/** A list of strings; a single string becomes a list of one instead of being lost. */
export function textList(description: string, maxItems: number) {
  return z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(z.string().max(SHORT_TEXT)).max(maxItems),
    )
    .default([])
    .describe(description);
}

/** Options of every tool that asks a model. */
export const modelFields = {
  model: shortText('Model id or alias; auto picks one. See listmodels.').default('auto'),
  temperature: z.number().min(0).max(1).optional().describe('0 precise to 1 creative.'),
  thinking_mode: z
    .enum(['minimal', 'low', 'medium', 'high', 'max'])
    .optional()
    .describe('How hard a reasoning model thinks.'),
  use_websearch: z.boolean().optional().describe('Let the model search the web.'),
  continuation_id: shortText('Continue this conversation; from an earlier answer.').optional(),
  stream: z.boolean().default(false).describe('Send the answer piecewise as progress.'),
};

export const fileFields = {
  files: textList('Absolute paths of files or directories to include as text.', MAX_FILES),
};

/** For `aliases` of a tool with `fileFields`. */
export const fileAliases = { absolute_file_paths: 'files' } as const;

/** Pictures for the model. */
export const imageFields = {
  images: z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(z.string().max(MAX_IMAGE_TEXT)).max(MAX_IMAGES),
    )
    .default([])
    .meta({ description: 'Images: absolute paths or data: URLs.', ownLimit: true }),
};

/** Where a workflow stands; every workflow tool has them. */
export const stepFields = {
  step: text('What this step did or plans.'),
  step_number: z.int().min(1).describe('This step, from 1.'),
  total_steps: z.int().min(1).describe('Expected steps.'),
  next_step_required: z.boolean().describe('False ends the workflow.'),
  continuation_id: modelFields.continuation_id,
};

/** Named in the description of its list instead of being listed field by field. */
const issue = z
  .object({
    // A severity of another scale is not worth losing the issue.
    severity: z.enum(SEVERITIES).catch('medium'),
    description: z.string().max(SHORT_TEXT),
    file: z.string().max(SHORT_TEXT).optional(),
    line: z.int().min(1).optional(),
    type: z.string().max(200).optional(),
  })
  .meta({ brief: true });

/** What a step found. */
export const evidenceFields = {
  findings: text('What this step taught.'),
  files_checked: textList('Absolute paths.', MAX_CHECKED_FILES),
  relevant_files: textList('Absolute paths that matter.', MAX_FILES),
  relevant_context: textList('Functions or methods involved.', MAX_FILES),
  issues_found: z
    .array(issue)
    .max(MAX_ISSUES)
    .default([])
    .describe('Issues: {severity: critical|high|medium|low, description, file?, line?, type?}.'),
  confidence: z.enum(CONFIDENCES).default('low').describe('certain skips the model.'),
  hypothesis: shortText('Current theory.').optional(),
  backtrack_from_step: z.int().min(1).optional().describe('Discard steps from this on.'),
};

const NAMED_STANCE = new RegExp(`^(.+):(${STANCES.join('|')})$`);

/** `model:stance` is how answers name a voice, so callers may write it too. */
function fromName(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const [, model = value, stance] = NAMED_STANCE.exec(value) ?? [];
  return { model, ...(stance !== undefined && { stance }) };
}

/** One voice of a panel. */
const panelist = z.strictObject({
  model: shortText('Model id or alias.').min(1),
  stance: z.enum(STANCES).default('neutral'),
  stance_prompt: shortText('What to look at above all.').optional(),
});

/** What a panel of models is asked, beside where it stands. */
export const panelFields = {
  findings: text('Your own analysis; no model sees it.').optional(),
  models: z
    .array(z.preprocess(fromName, panelist))
    .min(2)
    .max(10)
    .optional()
    .describe('The 2 to 10 models; needed in step 1 only.'),
  relevant_files: evidenceFields.relevant_files,
  ...imageFields,
  execution: z.enum(EXECUTIONS).optional().describe('Parallel asks all models in step 1.'),
};

/** Options of the question to a model at the end. */
export const expertFields = {
  use_assistant_model: z.boolean().optional().describe('False asks no model at the end.'),
  model: modelFields.model,
  temperature: modelFields.temperature,
  thinking_mode: modelFields.thinking_mode,
  use_websearch: modelFields.use_websearch,
  ...imageFields,
};
