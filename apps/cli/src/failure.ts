import { EXIT_CODES, exitCodeOf, toExaiError } from '#libs/errors';
import { CliFailure } from './cli-failure.js';

/** Prints what went wrong and what to do, and returns the exit code. */
export function reportFailure(error: unknown): number {
  const failure = toCliFailure(error);
  const { hint, correlationId, exitCode } = failure.parts;
  const advice = [hint, correlationId && `(correlation id ${correlationId})`].filter(Boolean).join(' ');
  process.stderr.write(`${failure.message}\n${advice && `${advice}\n`}`);
  return exitCode;
}

function toCliFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof Error && error.name === 'ConfigError') {
    return new CliFailure(error.message, { exitCode: EXIT_CODES.configuration });
  }
  const known = toExaiError(error);
  if (known.code !== 'INTERNAL') {
    return new CliFailure(known.message, { exitCode: exitCodeOf(known), hint: known.hint });
  }
  return new CliFailure(error instanceof Error ? error.message : String(error), {
    exitCode: EXIT_CODES.failed,
  });
}
