import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url);
const table = readFileSync(new URL('test/regression/README.md', root), 'utf8');
const rows = [...table.matchAll(/^\| (D-\d\d) \| (.+) \| `(.+)` \|$/gm)].map(([, id, , file]) => ({
  id,
  file,
}));

/** D-27 was never given; D-32 is about documents. */
const KNOWN = Array.from({ length: 44 }, (_, index) => `D-${String(index + 1).padStart(2, '0')}`).filter(
  (id) => id !== 'D-27' && id !== 'D-32',
);

describe('the defects of the predecessor', () => {
  it('each have a row', () => {
    expect(rows.map(({ id }) => id)).toEqual(KNOWN);
  });

  it.each(rows)('$id has its test in $file', ({ id = '', file = '' }) => {
    const path = fileURLToPath(new URL(file, root));
    expect(existsSync(path)).toBe(true);
    if (file.startsWith('test/regression/')) expect(readFileSync(path, 'utf8')).toContain(id);
  });
});
