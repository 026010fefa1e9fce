import { z } from 'zod';

const MAX_TIMEOUT_SECONDS = 1_800;

/** No program can be given a NUL. */
const argument = z.string().refine((value) => !value.includes('\0'), 'text without U+0000');
const name = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a lower-case name of at most 32 characters');

const roleSchema = z.strictObject({
  prompt_path: z
    .string()
    .min(1)
    .optional()
    .describe('file whose text stands in front of the prompt, relative to this file; at most 64 KiB'),
  role_args: z.array(argument).default([]).describe('arguments behind the additional ones'),
});

const cliSchema = z.strictObject({
  name: name.describe('what callers name it by'),
  command: argument
    .min(1)
    .describe('absolute path of the program, or its plain name, which is then looked for in PATH'),
  additional_args: z
    .array(argument)
    .default([])
    .describe('arguments of every call; the prompt comes by standard input'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable'), argument)
    .default({})
    .describe('variables beside the few that every program gets'),
  roles: z.record(name, roleSchema).default({}).describe('what callers may name as role'),
  timeout_seconds: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_SECONDS)
    .default(MAX_TIMEOUT_SECONDS)
    .describe('after that the program and all it has started are stopped'),
});

/** `EXAI_CLINK_FILE` */
export const clinkFileSchema = z.strictObject({
  $schema: z.string().optional(),
  clis: z.array(cliSchema).min(1),
});

export type ClinkFileEntry = z.output<typeof cliSchema>;
