import { InvalidArgumentError, type Command } from 'commander';

/** Where the gateway is and who asks; options of every command that talks to it. */
export interface GatewayOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}

export function withGatewayOptions(command: Command): Command {
  return command
    .option('--url <address>', 'gateway to use (default: EXAI_URL, else the local one)')
    .option('--token-file <path>', 'file with the access token (default: EXAI_TOKEN, else the local token)');
}

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** For a command that ends when its work is done, whatever timers and sockets are still open. */
export function finite<A extends unknown[]>(
  run: (...args: A) => Promise<number | void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const code = (await run(...args)) ?? 0;
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    process.exit(code);
  };
}

/** For an option that takes a number within limits. */
export function numberBetween(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = value.trim() === '' ? NaN : Number(value);
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a number between ${min} and ${max}.`);
  };
}
