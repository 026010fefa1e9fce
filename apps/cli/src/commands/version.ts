import { type Command } from 'commander';
import { examples, finite } from '../command-parts.js';

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .addHelpText('after', examples('exai version', 'exai --version'))
    .action(finite(printVersion));
}

async function printVersion(): Promise<void> {
  const { PRODUCT } = await import('#libs/config');
  process.stdout.write(`${PRODUCT.name} ${PRODUCT.version}\n`);
}
