import { type Command } from 'commander';
import { examples, finite, withGatewayOptions, type GatewayOptions } from '../command-parts.js';

interface StdioCommandOptions extends GatewayOptions {
  readonly start: boolean;
}

export function addStdioCommand(program: Command): void {
  const command = program
    .command('stdio')
    .description('MCP server on standard input and output, for clients that start their servers')
    .option('--no-start', 'do not start a local gateway when none runs');
  withGatewayOptions(command)
    .addHelpText(
      'after',
      examples('exai stdio', 'exai stdio --url https://exai.example.com --token-file token'),
    )
    .action(finite(stdio));
}

async function stdio({ url, tokenFile, start }: StdioCommandOptions): Promise<void> {
  const [{ runStdio }, { readEnvironment }] = await Promise.all([
    import('../../../stdio/src/stdio.js'),
    import('#libs/config'),
  ]);
  await runStdio({ environment: readEnvironment(), url, tokenFile, start });
}
