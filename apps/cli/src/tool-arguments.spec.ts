import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliFailure } from './cli-failure.js';
import { parseAssignments, parseInput } from './tool-arguments.js';

const schema = {
  properties: {
    prompt: { type: 'string' },
    temperature: { type: 'number' },
    count: { type: 'integer' },
    stream: { type: 'boolean' },
    files: { type: 'array', items: { type: 'string' } },
    numbers: { type: 'array', items: { type: 'number' } },
    options: { type: 'object' },
    either: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  },
};

describe('parseAssignments', () => {
  it('types values by the schema of the tool', () => {
    const words = [
      'prompt=a=b=c',
      'temperature=0.5',
      'count=-3',
      'stream=TRUE',
      'files=/a',
      'files=/b c',
      'options={"x":[1]}',
    ];
    expect(parseAssignments(words, schema)).toEqual({
      prompt: 'a=b=c',
      temperature: 0.5,
      count: -3,
      stream: true,
      files: ['/a', '/b c'],
      options: { x: [1] },
    });
  });

  it('never reads text as anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseAssignments([`prompt=${text}`], schema)).toEqual({ prompt: text });
      }),
    );
  });

  it('takes a list as JSON or as repeated names', () => {
    expect(parseAssignments(['files=["/a","/b"]'], schema)).toEqual({ files: ['/a', '/b'] });
    expect(parseAssignments(['numbers=1', 'numbers=2'], schema)).toEqual({ numbers: [1, 2] });
    expect(parseAssignments(['files=[draft].txt'], schema)).toEqual({ files: ['[draft].txt'] });
    expect(parseAssignments(['either=x'], schema)).toEqual({ either: ['x'] });
  });

  it('leaves a value that does not fit to the gateway, which names all faults at once', () => {
    const words = ['temperature=warm', 'stream=yes', 'options=[1]', 'count='];
    expect(parseAssignments(words, schema)).toEqual({
      temperature: 'warm',
      stream: 'yes',
      options: '[1]',
      count: '',
    });
  });

  it('guesses where it knows nothing', () => {
    const words = ['a=1', 'b=true', 'c={"x":1}', 'd=[1]', 'e=text', 'f=1', 'f=2', 'g=0x10', 'h={broken'];
    expect(parseAssignments(words, undefined)).toEqual({
      a: 1,
      b: true,
      c: { x: 1 },
      d: [1],
      e: 'text',
      f: [1, 2],
      g: '0x10',
      h: '{broken',
    });
  });

  it.each([[['hello']], [['=x']], [['--x=1']], [['a b=1']]])('refuses %j', (words) => {
    expect(() => parseAssignments(words, schema)).toThrow(CliFailure);
  });

  it('refuses a second value for a single one', () => {
    expect(() => parseAssignments(['prompt=a', 'prompt=b'], schema)).toThrow('2 times');
  });

  it('is not confused by names of Object', () => {
    expect(parseAssignments(['constructor=x', '__proto__=y'], schema)).toEqual(
      Object.fromEntries([
        ['constructor', 'x'],
        ['__proto__', 'y'],
      ]),
    );
  });
});

describe('parseInput', () => {
  it('takes one JSON object and nothing else', () => {
    expect(parseInput('{"prompt":"x"}', 'f')).toEqual({ prompt: 'x' });
    for (const text of ['[1]', 'null', '"x"', '5', '', '{'])
      expect(() => parseInput(text, 'f')).toThrow(CliFailure);
  });
});
