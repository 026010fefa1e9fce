import { type InputRequests, type InputResponses } from '#libs/tools';

/** Those of the questions that nobody has answered yet. */
export function pendingRequests(requests: InputRequests, responses: InputResponses | null): InputRequests {
  return Object.fromEntries(
    Object.entries(requests).filter(([key]) => responses === null || !Object.hasOwn(responses, key)),
  );
}

/** The answers that the questions of this round leave standing: what is asked again has no answer any more. */
export function responsesBefore(requests: InputRequests, responses: InputResponses = {}): InputResponses {
  return Object.fromEntries(Object.entries(responses).filter(([key]) => !Object.hasOwn(requests, key)));
}

/** Answers to questions that are open are added; all others, late and unknown ones, are left out. */
export function withAnswers(
  requests: InputRequests,
  responses: InputResponses | null,
  given: InputResponses,
): InputResponses {
  const pending = pendingRequests(requests, responses);
  const fitting = Object.entries(given).filter(
    ([key, value]) => Object.hasOwn(pending, key) && value !== undefined,
  );
  return { ...responses, ...Object.fromEntries(fitting) };
}

export function isEmpty(requests: InputRequests): boolean {
  return Object.keys(requests).length === 0;
}
