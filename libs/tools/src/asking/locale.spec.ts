import { describe, expect, it } from 'vitest';
import { inLocale } from './locale.js';

describe('the language of answers', () => {
  it.each([
    ['de', 'Answer in German (de).'],
    ['pt-BR', 'Answer in Brazilian Portuguese (pt-BR).'],
    ['de-u-nu-latn', 'Answer in German (de-u-nu-latn).'],
    ['qzz', 'Answer in qzz.'],
  ])('is one line at the end of the system prompt: %s', (locale, line) => {
    const prompt = inLocale('You help.', locale);
    expect(prompt.startsWith(`You help.\n\n${line}`)).toBe(true);
    expect(prompt.split('\n')).toHaveLength(3);
  });

  it('is not spoken of when the operator sets none', () => {
    expect(inLocale('You help.', undefined)).toBe('You help.');
  });
});
