import { z } from 'zod';
import { defineInlineTool } from '../define.js';

export const selfCheck = defineInlineTool({
  name: 'self-check',
  title: 'Self-check',
  description:
    'Runs the quick checks of this server and shows which fail, what to do, and the latest errors.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    log_lines: z.int().min(0).max(500).default(40).describe('Latest errors to show.'),
  },
  async answer({ log_lines }, view) {
    const { checks = [], ...status } = await view.status({
      maxErrors: log_lines,
      includeTools: true,
      doctor: true,
    });
    const { providers_configured, tools_loaded = [], next_steps, last_errors } = status;
    const ok = checks.every((check) => check.ok);
    const lines = [
      `# ${ok ? 'All checks pass' : 'Some checks fail'}`,
      '',
      ...checks.map((check) => `- ${check.ok ? 'ok' : 'FAIL'}: ${check.name}, ${check.detail}`),
      `- providers: ${providers_configured.join(', ') || 'none configured'}`,
      `- tools: ${tools_loaded.length}`,
      ...next_steps.map((step) => `- to do: ${step}`),
      ...last_errors.map(({ at, code, tool = 'no tool' }) => `- error: ${at} ${code} in ${tool}`),
    ];
    return {
      content: lines.join('\n'),
      contentType: 'markdown',
      fields: { ok, checks, providers_configured, tools_loaded, next_steps, last_errors },
    };
  },
});
