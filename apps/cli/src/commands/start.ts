import { Option, type Command } from 'commander';
import { examples, numberBetween } from '../command-parts.js';

interface StartOptions {
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly profile?: string;
  readonly logFormat?: string;
  readonly exitWhenIdle?: number;
}

const MAX_PORT = 65_535;
const WEEK_SECONDS = 604_800;

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run gateway, worker and database in the foreground')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port of the gateway', numberBetween(1, MAX_PORT))
    .option('--data-dir <path>', 'directory for database, secrets and token')
    .addOption(new Option('--profile <name>', 'tools to offer').choices(['lean', 'standard', 'full']))
    .addOption(new Option('--log-format <form>', 'form of the log').choices(['pretty', 'json']))
    .option(
      '--exit-when-idle <seconds>',
      'stop when nobody was connected for this long',
      numberBetween(1, WEEK_SECONDS),
    )
    .addHelpText('after', examples('exai start', 'exai start --port 9000 --profile full'))
    .action(start);
}

/** As `npm start`, with flags over the environment. Returns when the gateway runs; the process goes on. */
async function start(options: StartOptions): Promise<void> {
  // Decorators of the framework need it before the first of them is loaded.
  await import('reflect-metadata');
  const [{ readEnvironment }, { runServerProcess }, { startStandalone }] = await Promise.all([
    import('#libs/config'),
    import('#libs/health'),
    import('../../../standalone/src/standalone.js'),
  ]);
  const { host, port, dataDir, profile, logFormat, exitWhenIdle } = options;
  const environment = {
    ...readEnvironment(),
    ...(host !== undefined && { HOST: host }),
    ...(port !== undefined && { PORT: String(port) }),
    ...(dataDir !== undefined && { EXAI_DATA_DIR: dataDir }),
    ...(profile !== undefined && { TOOL_PROFILE: profile }),
    ...(logFormat !== undefined && { EXAI_LOG_FORMAT: logFormat }),
  };
  await runServerProcess(
    'gateway',
    (config, logger) =>
      startStandalone(config, logger, {
        environment,
        ...(exitWhenIdle !== undefined && { exitWhenIdleMs: exitWhenIdle * 1_000 }),
      }),
    environment,
  );
}
