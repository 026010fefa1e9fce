import { z } from 'zod';
import { defineProgramTool, type ProgramTool } from '../define.js';
import { modelFields, text, textList } from '../fields.js';

const MAX_PATHS = 200;
const MAX_IMAGES = 16;

/** Roles that every program knows; a program's own replace them by name. */
export const CLINK_ROLES = {
  default: '',
  planner: `You plan. Study the request and the project as far as you need to, then give a plan: goal, assumptions, steps in their order with what each changes and how it is checked, risks, open questions. Change no file.`,
  codereviewer: `You review code. Read the code in question and what depends on it, then report what is wrong, gravest first, each with severity (critical, high, medium, low), file:line, why it fails and the smallest fix. Report nothing that you have not confirmed in the code. Change no file.`,
} as const;

export interface ClinkChoices {
  /** Names of the programs. */
  readonly names: readonly string[];
  /** Names of roles beside those that every program knows. */
  readonly roles: readonly string[];
  /** What the slowest program may take. */
  readonly timeoutMs: number;
}

/** There is no such tool until the operator names programs for it. */
export function clinkTool({ names, roles, timeoutMs }: ClinkChoices): ProgramTool {
  const everyRole = [...new Set([...Object.keys(CLINK_ROLES), ...roles])];
  return defineProgramTool({
    name: 'clink',
    title: 'Ask an agent program',
    description:
      'Hands a prompt to an agent CLI on this machine, which works in the project by itself and may change it. Returns its answer.',
    tier: 'hidden',
    annotations: { readOnlyHint: false, openWorldHint: true },
    timeoutMs,
    fields: {
      prompt: text('The task, with all context it needs.'),
      cli_name: z.enum(names).describe('Which program.'),
      role: z.enum(everyRole).default('default').describe('What it is to be.'),
      absolute_file_paths: textList('Absolute paths it is to look at.', MAX_PATHS),
      images: textList('Absolute paths of images.', MAX_IMAGES),
      continuation_id: modelFields.continuation_id,
    },
    aliases: { files: 'absolute_file_paths' },
  });
}
