import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

const MAX_CHARS = 20_000;
const CUT_MARK = `\n\n[answer cut at ${MAX_CHARS} characters]`;

/** PostgreSQL cannot hold these in a JSON document. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** What agent programs print when they are asked for JSON: one object with the answer in one of these fields. */
const printedObject = z.union([
  z.object({ type: z.literal('result'), result: z.string(), is_error: z.boolean().default(false) }),
  z.object({ response: z.string(), stats: z.unknown() }).transform(({ response }) => ({
    result: response,
    is_error: false,
  })),
]);

export interface CliAnswer {
  readonly content: string;
  /** The program itself says that it failed. */
  readonly failed: boolean;
  readonly cut: boolean;
}

/** The answer in what a program printed: without colours, out of its JSON, at most 20,000 characters. */
export function readCliAnswer(printed: string): CliAnswer {
  const text = stripVTControlCharacters(printed).replace(UNSTORABLE, '\uFFFD').trim();
  const { result, is_error: failed } = unwrapped(text) ?? { result: text, is_error: false };
  const content = result.replace(UNSTORABLE, '\uFFFD').trim();
  if (content.length <= MAX_CHARS) return { content, failed, cut: false };
  const head = content.slice(0, MAX_CHARS).replace(/\p{Surrogate}$/u, '');
  return { content: head + CUT_MARK, failed, cut: true };
}

function unwrapped(text: string): z.output<typeof printedObject> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    return printedObject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
