import {
  type InputKind,
  type InputRequests,
  type InputResponses,
  type ParsedArguments,
  type ToolDefinition,
} from '#libs/tools';
import { type RequestingClient } from '../client-abilities.js';

const KIND_OF: Readonly<Record<InputRequests[string]['method'], InputKind>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/**
 * What is asked before a call is taken on; undefined when nothing is, when the caller cannot be asked, and when it has
 * answered.
 */
export function firstQuestions(
  definition: ToolDefinition,
  args: ParsedArguments,
  client: RequestingClient,
  responses: InputResponses = {},
): InputRequests | undefined {
  const questions = definition.asksFirst?.(args);
  if (!questions) return undefined;
  const canAsk = Object.values(questions).every(({ method }) => client.asks.includes(KIND_OF[method]));
  const hasAnswered = Object.keys(questions).some((key) => Object.hasOwn(responses, key));
  return canAsk && !hasAnswered ? questions : undefined;
}

/** The arguments with what was answered; without answers as they are. */
export function withFirstAnswers(
  definition: ToolDefinition,
  args: ParsedArguments,
  responses: InputResponses | undefined,
): ParsedArguments {
  return responses && definition.withResponses ? definition.withResponses(args, responses) : args;
}
