import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from './paging.js';

const items = (count: number) => Array.from({ length: count }, (_, index) => `entry ${index}`);

function everyPage(all: readonly string[], version: string): string[][] {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = pageOf(all, cursor, version);
    pages.push([...page.items]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

describe('a list in pages', () => {
  it('is whole on one page up to a hundred entries', () => {
    expect(everyPage(items(100), 'v')).toEqual([items(100)]);
    expect(everyPage([], 'v')).toEqual([[]]);
  });

  it('is given entry by entry, none twice and none left out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 450 }), (count) => {
        const pages = everyPage(items(count), 'v');
        expect(pages.flat()).toEqual(items(count));
        expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('takes no cursor that was changed, made up or given for another list', () => {
    const { nextCursor = '' } = pageOf(items(150), undefined, 'v');
    expect(nextCursor).toMatch(/^[\w-]+$/);
    const beyond = Buffer.from('[150,"v"]').toString('base64url');
    const negative = Buffer.from('[-1,"v"]').toString('base64url');
    const noCursors = ['', 'x', '100', 'W10', `${nextCursor}x`, beyond, negative];
    for (const cursor of noCursors) {
      expect(() => pageOf(items(150), cursor, 'v')).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMS' }),
      );
    }
    expect(() => pageOf(items(150), nextCursor, 'another')).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMS' }),
    );
  });
});
