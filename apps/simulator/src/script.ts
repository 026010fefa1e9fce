// Syntax of simulator scripts; what the names mean is plan.ts, settings.ts and behaviours.ts.
//
//   directive  [[sim: item, item ...]]   anywhere in the last user message; the last directive counts
//   item       name | name(argument), each optionally followed by " xN"
//   argument   numbers (`429-seconds(2)`), a behaviour (`fail-first(500, 2)`), an address or a word
//              (`redirect-private(http://10.0.0.1/)`), or for `answer` the text itself: raw with balanced
//              parentheses, or a JSON string that may hold anything
//
// Settings (latency, delay, tokens, answer, echo, cached, cache-written, searches, rate-limit) hold for every
// attempt. Behaviours follow one another over the attempts made under one x-request-id: `500 x2, 429(1), ok`
// fails three times, then answers.
// The last behaviour without xN answers all further attempts; after one with xN comes `ok`.

import { InputError } from './input-error.js';

export interface ScriptItem {
  readonly name: string;
  /** Text between the parentheses, undefined without them. */
  readonly argument: string | undefined;
  /** The N of `xN`. */
  readonly times: number | undefined;
}

export interface Directive {
  readonly items: readonly ScriptItem[];
  /** The message without the directive, trimmed. */
  readonly rest: string;
}

/** A script that cannot be understood; answered with 400 so that a typing error never looks like a pass. */
export class ScriptError extends InputError {
  constructor(problem: string) {
    super(`Simulator script: ${problem}`, 'invalid_script');
  }
}

const OPENING = '[[sim:';
const CLOSING = ']]';
const NAME = /[a-z0-9][a-z0-9-]*/y;
const TIMES = /\s+x(\d{1,4})(?![a-z0-9-])/y;
const SPACE = /\s*/y;

/** Parses a bare script such as `500 x2, latency(200)`. */
export function parseScript(source: string): ScriptItem[] {
  const scanner = new Scanner(source, 0);
  const items = scanner.items();
  if (!scanner.atEnd()) scanner.fail('a comma');
  return items;
}

/** Finds the last `[[sim: ...]]` of a message: with history quoted above the question, the newest one counts. */
export function findDirective(text: string): Directive | undefined {
  const start = text.lastIndexOf(OPENING);
  if (start < 0) return undefined;
  const scanner = new Scanner(text, start + OPENING.length);
  const items = scanner.items();
  if (!scanner.take(CLOSING)) scanner.fail(`a comma or "${CLOSING}"`);
  return { items, rest: (text.slice(0, start) + text.slice(scanner.position)).trim() };
}

/** Splits `429(2), 3` at the commas outside parentheses. */
export function splitArgument(argument: string | undefined): string[] {
  if (argument === undefined || argument.trim() === '') return [];
  const parts = [''];
  let depth = 0;
  for (const character of argument) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

class Scanner {
  constructor(
    private readonly source: string,
    public position: number,
  ) {}

  items(): ScriptItem[] {
    const items = [this.item()];
    while (this.take(',')) items.push(this.item());
    return items;
  }

  atEnd(): boolean {
    return this.position === this.source.length;
  }

  take(token: string): boolean {
    if (!this.source.startsWith(token, this.position)) return false;
    this.position += token.length;
    return true;
  }

  fail(expected: string): never {
    const found = this.source.slice(this.position, this.position + 20) || 'the end';
    throw new ScriptError(`expected ${expected} at "${found}".`);
  }

  private item(): ScriptItem {
    this.match(SPACE);
    const name = this.match(NAME)?.[0] ?? this.fail('a behaviour name');
    const argument = this.take('(') ? this.argument() : undefined;
    const times = this.match(TIMES)?.[1];
    this.match(SPACE);
    return { name, argument, times: times === undefined ? undefined : Number(times) };
  }

  /** A JSON string, which may hold anything, or raw text with balanced parentheses. */
  private argument(): string {
    const start = this.position;
    if (this.source[start] === '"') this.skipString();
    for (let depth = 1; this.position < this.source.length; this.position++) {
      const character = this.source[this.position];
      if (character === '(') depth++;
      if (character === ')' && --depth === 0) return this.source.slice(start, this.position++);
    }
    return this.fail('a closing parenthesis');
  }

  private skipString(): void {
    this.position++;
    while (this.position < this.source.length && this.source[this.position] !== '"') {
      this.position += this.source[this.position] === '\\' ? 2 : 1;
    }
    this.position++;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.source);
    if (found) this.position = pattern.lastIndex;
    return found;
  }
}
