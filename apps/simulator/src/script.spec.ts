import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDirective, parseScript, ScriptError, splitArgument, type ScriptItem } from './script.js';

const nameArbitrary = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,11}$/);
const argumentArbitrary = fc.oneof(
  fc.constant(undefined),
  fc.stringMatching(/^[a-z0-9 ,.]{0,12}$/),
  fc.string().map((text) => JSON.stringify(text)),
  fc.constant('nested(1, (2)), 3'),
);
const itemArbitrary: fc.Arbitrary<ScriptItem> = fc.record({
  name: nameArbitrary,
  argument: argumentArbitrary,
  times: fc.option(fc.integer({ min: 0, max: 9999 }), { nil: undefined }),
});
const itemsArbitrary = fc.array(itemArbitrary, { minLength: 1, maxLength: 5 });
const plainText = fc.string().filter((text) => !text.includes('[[sim:'));

function render({ name, argument, times }: ScriptItem): string {
  return name + (argument === undefined ? '' : `(${argument})`) + (times === undefined ? '' : ` x${times}`);
}

describe('script', () => {
  it('reads back whatever can be written', () => {
    fc.assert(
      fc.property(itemsArbitrary, fc.constantFrom(',', ', ', ' ,\n '), (items, separator) => {
        expect(parseScript(items.map(render).join(separator))).toEqual(items);
      }),
    );
  });

  it('finds a directive between any texts and leaves those texts', () => {
    fc.assert(
      fc.property(plainText, itemsArbitrary, plainText, (before, items, after) => {
        const directive = findDirective(`${before}[[sim: ${items.map(render).join(', ')}]]${after}`);
        expect(directive).toEqual({ items, rest: (before + after).trim() });
      }),
    );
  });

  it('finds nothing in ordinary text', () => {
    fc.assert(fc.property(plainText, (text) => findDirective(text) === undefined));
  });

  it('refuses everything else with a ScriptError and nothing worse', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'[]sim:(),"x29\\ -a'), maxLength: 40 });
    fc.assert(
      fc.property(noise, (text) => {
        try {
          findDirective(`[[sim:${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(ScriptError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the last directive of a message', () => {
    expect(findDirective('[[sim: 500]] earlier\n[[sim: 503]] now')?.items[0]?.name).toBe('503');
  });

  it.each(['', 'ok,', 'ok(', 'OK', 'ok ok', 'ok x', 'answer("a)', 'ok)'])('refuses "%s"', (source) => {
    expect(() => parseScript(source)).toThrow(ScriptError);
  });

  it('splits arguments at outer commas', () => {
    expect(splitArgument('glm-error(1302, 429), 2')).toEqual(['glm-error(1302, 429)', '2']);
    expect(splitArgument(undefined)).toEqual([]);
  });
});
