import { z } from 'zod';

const MAX_ANSWER_BYTES = 1_048_576;
const CUT_MARK = '\n\n[answer cut at 1 MiB]';

/** PostgreSQL cannot hold these in a JSON document, and an answer must not be lost for one of them. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** An answer over 1 MiB ends with a visible mark. */
export function cutAnswer(answer: string): { readonly content: string; readonly cut: boolean } {
  const content = answer.replace(UNSTORABLE, '\uFFFD');
  if (Buffer.byteLength(content) <= MAX_ANSWER_BYTES) return { content, cut: false };
  const head = Buffer.from(content).subarray(0, MAX_ANSWER_BYTES - CUT_MARK.length);
  // A character that the cut went through decodes to U+FFFD at the end.
  return { content: head.toString('utf8').replace(/\uFFFD+$/, '') + CUT_MARK, cut: true };
}

const fileRequest = z.object({
  status: z.literal('files_required_to_continue'),
  mandatory_instructions: z.string().max(10_000).default(''),
  files_needed: z.array(z.string().max(4_096)).min(1).max(200),
});

const MAX_REQUEST_CHARS = 100_000;

export type FileRequest = z.output<typeof fileRequest>;

/** The model's request for files, when its whole answer is one. It is handed to the caller, never acted upon. */
export function asFileRequest(content: string): FileRequest | undefined {
  if (content.length > MAX_REQUEST_CHARS) return undefined;
  const text = withoutFence(content.trim());
  if (!text.startsWith('{')) return undefined;
  try {
    return fileRequest.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The text of a fenced block when that is all there is. */
export function withoutFence(text: string): string {
  if (!text.startsWith('```') || !text.endsWith('```')) return text;
  return text.slice(text.indexOf('\n') + 1, -3).trim();
}
