import { type InputRequest } from './tool.js';

const MAX_ANSWER_CHARS = 4_096;
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** One field of a form for a person. */
export interface ElicitedField {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  /** The only answers there are; absent = any text. */
  readonly choices?: readonly { readonly value: string; readonly title: string }[];
}

/**
 * A question to the person in front of the client: one text field, or a choice. Worded so that clients of every
 * revision with elicitation understand it.
 */
export function elicitation(
  message: string,
  { name, title, description, choices }: ElicitedField,
): InputRequest {
  const field = {
    type: 'string',
    title,
    ...(description !== undefined && { description }),
    ...(choices && { enum: choices.map(({ value }) => value) }),
    ...(choices?.some((choice) => choice.title !== choice.value) && {
      enumNames: choices.map((choice) => choice.title),
    }),
  };
  return {
    method: 'elicitation/create',
    params: { message, requestedSchema: { type: 'object', properties: { [name]: field }, required: [name] } },
  };
}

/**
 * The text that a person gave in a field; undefined when the question was declined, cancelled or left empty, and for
 * what is no path, name or choice: longer than 4,096 characters, or with what PostgreSQL cannot hold.
 */
export function acceptedText(response: unknown, name: string): string | undefined {
  if (!isRecord(response) || response['action'] !== 'accept' || !isRecord(response['content']))
    return undefined;
  const value = response['content'][name];
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' || text.length > MAX_ANSWER_CHARS || UNSTORABLE.test(text) ? undefined : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
