import { z } from 'zod';
import { defineInlineTool } from '../define.js';

export const toolcallLogTail = defineInlineTool({
  name: 'toolcall_log_tail',
  title: 'Latest tool calls',
  description:
    'Your own latest tool calls, newest first: tool, state, duration, model, tokens, error code. Never arguments or answers.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    n: z.int().min(1).max(200).default(20).describe('How many calls.'),
  },
  async answer({ n }, view, { principal }) {
    const calls = await view.records.calls(principal, { limit: n });
    return { content: JSON.stringify(calls, null, 2), contentType: 'json', fields: { calls } };
  },
});
