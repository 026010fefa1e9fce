import { describe, expect, it } from 'vitest';
import { readCliAnswer } from './cli-answer.js';

const answer = (content: string) => ({ content, failed: false, cut: false });

describe('what a program prints', () => {
  it('is the answer, without colours and what no database can hold', () => {
    expect(readCliAnswer('\n\u001b[31mred\u001b[0m a\0b \n')).toEqual(answer('red a\uFFFDb'));
    expect(readCliAnswer('')).toEqual(answer(''));
  });

  it('is taken out of the JSON that known programs print, and of no other', () => {
    const printed = (value: object) => readCliAnswer(`${JSON.stringify(value, undefined, 2)}\n`);
    expect(printed({ type: 'result', subtype: 'success', result: 'fine', is_error: false })).toEqual(
      answer('fine'),
    );
    expect(printed({ type: 'result', result: 'out of credit', is_error: true })).toEqual({
      ...answer('out of credit'),
      failed: true,
    });
    expect(printed({ response: 'fine', stats: {} })).toEqual(answer('fine'));
    const own = { result: 'of my program' };
    expect(printed(own)).toEqual(answer(JSON.stringify(own, undefined, 2)));
    expect(readCliAnswer('{"type": "result"')).toEqual(answer('{"type": "result"'));
  });

  it('is cut at 20,000 characters, with a mark, never through a character', () => {
    expect(readCliAnswer('x'.repeat(20_000))).toEqual(answer('x'.repeat(20_000)));
    const { content, cut } = readCliAnswer(`${'x'.repeat(19_999)}😀 and more`);
    expect(cut).toBe(true);
    expect(content).toBe(`${'x'.repeat(19_999)}\n\n[answer cut at 20000 characters]`);
  });
});
