import { InvalidArgumentError, type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { durationSeconds } from './commands/token.js';
import { numberBetween } from './command-parts.js';
import { buildProgram } from './program.js';

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('the command line', () => {
  it('gives two examples for every command', () => {
    const walk = (command: Command): Command[] => [command, ...command.commands.flatMap(walk)];
    for (const command of walk(buildProgram())) {
      expect([command.name(), helpOf(command).match(/^ {2}\$ .+/gm)?.length]).toEqual([command.name(), 2]);
    }
  });

  it('knows the commands it should', () => {
    expect(buildProgram().commands.map((command) => command.name())).toEqual([
      'start',
      'stdio',
      'call',
      'tools',
      'token',
      'status',
      'version',
    ]);
  });
});

describe('option values', () => {
  it.each([
    ['30m', 1_800],
    ['12h', 43_200],
    ['24h', 86_400],
    ['1d', 86_400],
    ['90s', 90],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  it.each(['25h', '2d', '0m', '-1h', '12', 'h', '1.5h', ''])('refuses the duration "%s"', (text) => {
    expect(() => durationSeconds(text)).toThrow(InvalidArgumentError);
  });

  it('keeps numbers within their limits', () => {
    const port = numberBetween(1, 65_535);
    expect(port('8080')).toBe(8080);
    for (const text of ['0', '65536', 'x', '', ' ']) expect(() => port(text)).toThrow(InvalidArgumentError);
  });
});
