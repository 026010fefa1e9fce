import { InvalidArgumentError, type Command } from 'commander';
import { examples, finite } from '../command-parts.js';

interface CreateOptions {
  readonly scope: readonly string[];
  readonly subject: string;
  readonly expires: number;
  readonly models?: readonly string[];
  readonly maxCostUsd?: number;
}

const DAY_SECONDS = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: DAY_SECONDS };

export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('issue access tokens');
  token
    .command('create')
    .description('print a new access token for the local gateway, and nothing else')
    .option('--scope <scopes...>', 'what it allows', ['tools:list', 'tools:call'])
    .option('--subject <name>', 'who it is for', 'cli')
    .option(
      '--expires <duration>',
      'how long it is valid, at most 24h: 30m, 12h',
      durationSeconds,
      DAY_SECONDS / 2,
    )
    .option('--models <names>', 'only these models, ids or aliases with commas between', modelNames)
    .option('--max-cost-usd <amount>', 'what one call may cost at most, in US dollars', dollars)
    .addHelpText(
      'after',
      examples(
        'exai token create --expires 30m --models kimi-k2.6,glm-5.2 --max-cost-usd 0.05',
        'exai token create --subject ci --scope tools:list tools:call:chat > token',
      ),
    )
    .action(finite(create));
  token.addHelpText('after', examples('exai token create', 'exai token create --help'));
}

/** @throws InvalidArgumentError */
export function durationSeconds(text: string): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text.trim()) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? NaN);
  if (seconds > 0 && seconds <= DAY_SECONDS) return seconds;
  throw new InvalidArgumentError('It must be a duration such as 30m or 12h, at most 24h.');
}

/** @throws InvalidArgumentError */
export function modelNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('It must be model names with commas between, such as kimi-k2.6,glm-5.2.');
}

/** @throws InvalidArgumentError */
export function dollars(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  throw new InvalidArgumentError('It must be an amount in US dollars such as 0.05.');
}

async function create({ scope, subject, expires, models, maxCostUsd }: CreateOptions): Promise<void> {
  await import('reflect-metadata');
  const [
    { AccessTokens },
    { loadConfig, readEnvironment },
    { toExaiError },
    { homeDataDir },
    { usageFailure },
  ] = await Promise.all([
    import('#libs/auth'),
    import('#libs/config'),
    import('#libs/errors'),
    import('../../../stdio/src/local-files.js'),
    import('../cli-failure.js'),
  ]);
  const environment = readEnvironment();
  // The secret of the gateway that runs here, from whatever directory this is typed.
  const dataDir = homeDataDir(environment);
  const tokens = new AccessTokens(loadConfig({ ...environment, EXAI_DATA_DIR: dataDir }, { serving: false }));
  let token: string;
  try {
    token = tokens.issue({
      subject,
      scopes: scope,
      expiresIn: expires,
      ...(models && { models }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
    });
  } catch (error) {
    throw usageFailure(toExaiError(error).details.reason ?? 'The token cannot be issued.');
  }
  process.stdout.write(`${token}\n`);
}
