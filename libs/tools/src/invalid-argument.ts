import { ExaiError } from '#libs/errors';

/**
 * For what the schema of a tool cannot say: arguments that need one another, numbers of steps that must exist.
 * @param pointer JSON pointer of the argument
 * @param expected what belongs there, never the value
 */
export function invalidArgument(pointer: string, expected: string): ExaiError {
  return new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer, expected }] });
}
