import { type Command } from 'commander';
import { examples, finite, withGatewayOptions, type GatewayOptions } from '../command-parts.js';

interface ToolsOptions extends GatewayOptions {
  readonly json?: boolean;
}

export function addToolsCommand(program: Command): void {
  const command = program
    .command('tools')
    .description('list the tools, or explain one of them')
    .argument('[name]', 'tool to explain')
    .option('--json', 'print the definitions as one JSON document');
  withGatewayOptions(command)
    .addHelpText('after', examples('exai tools', 'exai tools chat'))
    .action(finite(tools));
}

async function tools(name: string | undefined, options: ToolsOptions): Promise<void> {
  const [{ GatewaySession }, { describeTool, listTools }, { CliFailure }] = await Promise.all([
    import('../gateway-session.js'),
    import('../describe-tools.js'),
    import('../cli-failure.js'),
  ]);
  const all = await (await GatewaySession.open(options)).tools();
  const shown = name === undefined ? all : all.find((tool) => tool.name === name);
  if (shown === undefined) {
    throw new CliFailure(`There is no tool ${name}.`, { exitCode: 1, hint: '`exai tools` lists the names.' });
  }
  const text = options.json
    ? JSON.stringify(shown, null, 2)
    : 'name' in shown
      ? describeTool(shown)
      : listTools(shown);
  process.stdout.write(`${text}\n`);
}
