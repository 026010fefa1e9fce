import { z } from 'zod';

/** Longer than any file path or model name, short enough to be harmless in a log or an error. */
const SHORT_TEXT = 4_096;
const MAX_FILES = 200;

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
