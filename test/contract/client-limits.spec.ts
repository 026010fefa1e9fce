import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { limitOf } from '../../libs/mcp/src/calls/client-limits.js';
import { ROOT } from '../harness/paths.js';

const ROWS = [
  ...readFileSync(join(ROOT, 'docs/stdio.md'), 'utf8').matchAll(
    /^\| (`[a-z-]+`|any other) \| (.*?) \| (.*?) ?\|$/gm,
  ),
].map(([, client = '', limit = '', helps = '']) => [client.replaceAll('`', ''), limit, helps] as const);

describe('the table of client limits in docs/stdio.md', () => {
  it('has a row for each', () => expect(ROWS).toHaveLength(7));

  it.each(ROWS)('says what the gateway does for %s', (client, limit, helps) => {
    const { callMs, isFixed } = limitOf(client);
    expect(callMs === undefined ? 'none' : `${callMs / 1_000} s`).toBe(limit);
    expect(callMs === undefined ? '' : isFixed ? 'no' : 'yes').toBe(helps);
  });
});
