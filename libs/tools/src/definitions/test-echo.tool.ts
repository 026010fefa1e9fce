import { z } from 'zod';
import { defineUtilityTool } from '../define.js';
import { text } from '../fields.js';

export const testEcho = defineUtilityTool({
  name: 'test_echo',
  title: 'Echo',
  description:
    'Returns its message after a delay. For tests of the connection and under load; asks no model.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: {
    message: text('What to return.'),
    delay_ms: z.int().min(0).max(60_000).default(0).describe('Milliseconds to wait first.'),
  },
  async answer({ message, delay_ms }, { sleep }) {
    if (delay_ms > 0) await sleep(delay_ms);
    return { content: message, contentType: 'text' };
  },
});
