import { type ErrorCode, type ExaiError } from '#libs/errors';
import { elicitation } from '../elicitation.js';
import { type InputRequest } from '../tool.js';

/** A mistake in the arguments of a call that the person in front of the client can put right. */
export interface Correctable {
  readonly code: ErrorCode;
  /** The field of the form, and the name of the question. */
  readonly field: string;
  /** JSON pointer of the argument that is wrong; undefined = the error does not speak of one. */
  pointer(error: ExaiError): string | undefined;
  /** Undefined = nothing to ask: the person could not know better. */
  question(error: ExaiError, wrong: string): InputRequest | undefined;
}

const MAX_SHOWN = 200;

/** What is asked back. Everything that is not in here stays the error that it is. */
export const CORRECTABLES: readonly Correctable[] = [
  {
    code: 'FILE_NOT_FOUND',
    field: 'path',
    pointer: ({ details: { field } }) => (typeof field === 'string' ? field : undefined),
    question: (_error, wrong) =>
      elicitation(`There is no file ${shown(wrong)}. Which file is meant?`, {
        name: 'path',
        title: 'Path of the file',
        description: 'Absolute',
      }),
  },
  {
    code: 'MODEL_NOT_FOUND',
    field: 'model',
    pointer: () => '/model',
    question({ details: { suggestions = [] } }, wrong) {
      if (suggestions.length === 0) return undefined;
      return elicitation(`There is no model ${shown(wrong)}. Which one is meant?`, {
        name: 'model',
        title: 'Model',
        choices: suggestions.map((value) => ({ value, title: value })),
      });
    },
  },
];

function shown(text: string): string {
  return `"${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}"`;
}
