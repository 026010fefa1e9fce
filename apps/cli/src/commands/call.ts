import { type Command } from 'commander';
import {
  examples,
  finite,
  numberBetween,
  withGatewayOptions,
  type GatewayOptions,
} from '../command-parts.js';

interface CallOptions extends GatewayOptions {
  readonly input?: string;
  readonly model?: string;
  readonly json?: boolean;
  readonly timeout?: number;
  readonly stream: boolean;
  readonly continue?: string;
}

const MAX_SECONDS = 1_800;

export function addCallCommand(program: Command): void {
  const command = program
    .command('call')
    .description('call one tool and print its answer as it arrives')
    .argument('<tool>', 'name of the tool; `exai tools` lists them')
    .argument('[name=value...]', 'arguments of the tool; repeat a name for a list, or write JSON')
    .option('--input <file>', 'JSON object with the arguments; - reads standard input')
    .option('--model <name>', 'model to ask')
    .option('--json', 'print the whole result as one JSON document')
    .option('--timeout <seconds>', 'give up after this long', numberBetween(1, MAX_SECONDS))
    .option('--stream', 'print the answer while it is written, if the tool can', true)
    .option('--no-stream', 'print the answer when it is complete')
    .option('--continue <id>', 'go on in this conversation');
  withGatewayOptions(command)
    .addHelpText(
      'after',
      examples(
        'exai call chat prompt="Explain this error" files=/srv/app/log.txt',
        'echo \'{"prompt":"Hello"}\' | exai call chat --input - --json',
      ),
    )
    .action(finite(call));
}

async function call(tool: string, words: string[], options: CallOptions): Promise<void> {
  const [{ GatewaySession }, { buildArguments }, { runCall }, { readEnvironment }] = await Promise.all([
    import('../gateway-session.js'),
    import('../build-arguments.js'),
    import('../run-call.js'),
    import('#libs/config'),
  ]);
  const session = await GatewaySession.open(options);
  const json = options.json ?? false;
  await runCall(session, {
    tool,
    args: await buildArguments(session, { ...options, tool, words, stream: options.stream && !json }),
    timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1_000,
    json,
    isTerminal: process.stderr.isTTY && readEnvironment()['TERM'] !== 'dumb',
  });
}
