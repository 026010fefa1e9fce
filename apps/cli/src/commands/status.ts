import { type Command } from 'commander';
import { examples, finite, withGatewayOptions, type GatewayOptions } from '../command-parts.js';

interface StatusOptions extends GatewayOptions {
  readonly json?: boolean;
}

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('show how the gateway is doing and what to do next')
    .option('--json', 'print the whole report as one JSON document');
  withGatewayOptions(command)
    .addHelpText('after', examples('exai status', 'exai status --json'))
    .action(finite(status));
}

async function status(options: StatusOptions): Promise<void> {
  const [{ GatewaySession }, { contentOf }, { failureOfResult }] = await Promise.all([
    import('../gateway-session.js'),
    import('../call-summary.js'),
    import('../gateway-failure.js'),
  ]);
  const session = await GatewaySession.open(options);
  const result = await session.call('status', {});
  if (result.isError) throw failureOfResult(result);
  const text = options.json ? JSON.stringify(result.structuredContent ?? result, null, 2) : contentOf(result);
  process.stdout.write(`${text}\n`);
}
