import { z } from 'zod';
import { IMAGE_TYPES, MAX_IMAGE_BYTES } from './image-type.js';
import { MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES } from './read-files.js';

/** Key in `_meta` of a `tools/call`. */
export const CLIENT_FILES_META = 'io.exai/files';

export const MAX_CLIENT_ENTRIES = 2 * MAX_FILES;
export const MAX_CLIENT_SKIPPED = 1_000;
const MAX_REASON_CHARS = 200;
const MAX_PATH_CHARS = 4_096;
/** What a path or a reason may not hold: it stands in a line of the prompt. */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029\p{Surrogate}]/u;
const UNSTORABLE = /[\0\p{Surrogate}]/u;
/** Of this machine or another: `/a`, `C:\a`, `\\server\a`. */
const ABSOLUTE = /^(?:\/|[a-z]:[\\/]|\\\\)/i;

/** What is wrong with a path as text, wherever it comes from; undefined = nothing. */
export function clientPathFault(path: string): string | undefined {
  const fine = path.length <= MAX_PATH_CHARS && ABSOLUTE.test(path) && !INVISIBLE.test(path);
  return fine ? undefined : 'an absolute path of visible characters';
}

const path = z
  .string()
  .refine((value) => clientPathFault(value) === undefined, 'an absolute path of visible characters');

const content = z
  .string()
  .refine((value) => Buffer.byteLength(value) <= MAX_FILE_BYTES, 'text of at most 1 MiB')
  .refine((value) => !UNSTORABLE.test(value), 'text without U+0000 and lone surrogates');

const image = z.strictObject({
  mediaType: z.enum(IMAGE_TYPES),
  data: z.base64().max(Math.ceil(MAX_IMAGE_BYTES / 3) * 4),
});

const entry = z
  .strictObject({
    path,
    content: content.optional(),
    image: image.optional(),
    /** Its texts are entries of their own. */
    directory: z.literal(true).optional(),
  })
  .refine(
    (file) => [file.content, file.image, file.directory].filter((part) => part !== undefined).length === 1,
    'a path with either content, image or directory',
  );

export type ClientFile = z.output<typeof entry>;

/**
 * Files that the caller has read for one call, because they lie on its own disk. A call that has this never reads
 * a file of the gateway. At most 200 texts of 1 MiB each and 8 MiB in all.
 */
export const clientFilesSchema = z.strictObject({
  readBy: z.literal('client'),
  files: z
    .array(entry)
    .max(MAX_CLIENT_ENTRIES)
    .refine((files) => textsOf(files).length <= MAX_FILES, `at most ${MAX_FILES} texts`)
    .refine((files) => bytesOf(textsOf(files)) <= MAX_TOTAL_BYTES, 'at most 8 MiB of text')
    .default([]),
  skipped: z
    .array(
      z.strictObject({
        path,
        reason: z
          .string()
          .max(MAX_REASON_CHARS)
          .refine((value) => !INVISIBLE.test(value), 'one line of visible characters'),
      }),
    )
    .max(MAX_CLIENT_SKIPPED)
    .default([]),
});

export type ClientFiles = z.output<typeof clientFilesSchema>;

interface Text {
  readonly path: string;
  readonly content: string;
}

export function textsOf(files: readonly ClientFile[]): Text[] {
  return files.flatMap(({ path, content }) => (content === undefined ? [] : [{ path, content }]));
}

function bytesOf(files: readonly Text[]): number {
  return files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}
