import { type InputKind, type InputRequest, type InputRequests } from '#libs/tools';

const KIND_OF: Readonly<Record<InputRequest['method'], InputKind>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/** The kinds of question that are among these and that whoever can be asked for `asks` cannot answer. */
export function kindsMissing(asks: readonly InputKind[], requests: InputRequests): InputKind[] {
  const kinds = new Set(Object.values(requests).map(({ method }) => KIND_OF[method]));
  return [...kinds].filter((kind) => !asks.includes(kind));
}

/** @param asks absent = can be asked for anything */
export function canAnswer(asks: readonly InputKind[] | undefined, requests: InputRequests): boolean {
  return asks === undefined || kindsMissing(asks, requests).length === 0;
}
