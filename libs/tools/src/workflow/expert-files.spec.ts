import { describe, expect, it } from 'vitest';
import { selectExpertFiles } from './expert-files.js';

const file = (name: string, content = 'x') => ({ path: `/${name}.txt`, content });

describe('the files the model is shown', () => {
  it('are 20 at most, the first ones, and the others are named', () => {
    const files = Array.from({ length: 22 }, (_, index) => file(String(index)));
    const selected = selectExpertFiles({ files, skipped: [{ path: '/gone', reason: 'gone' }] }, 1_000);
    expect(selected.files).toHaveLength(20);
    expect(selected.leftOut.map(({ path }) => path)).toEqual(['/gone', '/20.txt', '/21.txt']);
  });

  it('leave out what is over 100 KB or has no room, and take smaller ones behind it', () => {
    const files = [file('huge', 'x'.repeat(102_401)), file('long', 'x'.repeat(4_000)), file('short')];
    const selected = selectExpertFiles({ files, skipped: [] }, 100);
    expect(selected.files.map(({ path }) => path)).toEqual(['/short.txt']);
    expect(selected.leftOut.map(({ reason }) => reason)).toEqual([
      'over 100 KB',
      'no room left in the context of the model',
    ]);
    expect(selected.tokens).toBe(selected.files[0]?.tokens);
  });

  it('may be exactly 100 KB', () => {
    const selected = selectExpertFiles({ files: [file('big', 'x'.repeat(102_400))], skipped: [] }, Infinity);
    expect(selected.leftOut).toEqual([]);
  });
});
