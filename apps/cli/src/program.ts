import { Command } from 'commander';
import { addCallCommand } from './commands/call.js';
import { addStartCommand } from './commands/start.js';
import { addStatusCommand } from './commands/status.js';
import { addStdioCommand } from './commands/stdio.js';
import { addTokenCommand } from './commands/token.js';
import { addToolsCommand } from './commands/tools.js';
import { addVersionCommand } from './commands/version.js';
import { examples } from './command-parts.js';

/** The whole command line. Whatever a command needs to run is loaded when it runs: `--help` must be instant. */
export function buildProgram(): Command {
  const program = new Command('exai')
    .description('EX-AI MCP Server: a team of AI models as tools.')
    .usage('<command> [options]')
    // Answered in main.ts: commander would want the text before it is needed.
    .option('-V, --version', 'print the version')
    // Inherited by every command; main.ts turns it into the exit code.
    .exitOverride()
    .showHelpAfterError('Run with --help to see what is accepted.');
  addStartCommand(program);
  addStdioCommand(program);
  addCallCommand(program);
  addToolsCommand(program);
  addTokenCommand(program);
  addStatusCommand(program);
  addVersionCommand(program);
  return program.addHelpText('after', examples('exai start', 'exai call chat prompt="What is a monad?"'));
}
