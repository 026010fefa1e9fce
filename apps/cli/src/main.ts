import { CommanderError } from 'commander';
import { buildProgram } from './program.js';

const USAGE = 64;
const VERSION_FLAGS = new Set(['-V', '--version']);

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  const args = process.argv.slice(2);
  await buildProgram().parseAsync(VERSION_FLAGS.has(args[0] ?? '') ? ['version'] : args, { from: 'user' });
} catch (error) {
  process.exit(await report(error));
}

async function report(error: unknown): Promise<number> {
  // Commander has printed it; help that was asked for counts as done.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  const { reportFailure } = await import('./failure.js');
  return reportFailure(error);
}
