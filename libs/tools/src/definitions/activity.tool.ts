import { z } from 'zod';
import { defineInlineTool, type CallRecord } from '../define.js';
import { shortText } from '../fields.js';

const time = (description: string) =>
  shortText(description)
    .refine((value) => isTime(value), 'a time as ISO 8601, for example 2026-01-31T12:00:00Z')
    .optional();

export const activity = defineInlineTool({
  name: 'activity',
  title: 'Recent activity',
  description:
    'Your own recent tool calls as one line each, oldest first, with a filter and a time range. Reads the record of calls, ' +
    'not log files; never arguments or answers.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    lines: z.int().min(10).max(5_000).default(200).describe('Newest calls to look at.'),
    filter: shortText('Only lines with this text; | separates alternatives.').optional(),
    since: time('Only calls from this time on, ISO 8601.'),
    until: time('Only calls up to this time, ISO 8601.'),
    structured: z.boolean().default(false).describe('JSON instead of lines.'),
  },
  // There is one source now.
  ignored: ['source'],
  async answer({ lines, filter, since, until, structured }, view, { principal }) {
    const calls = await view.records.calls(principal, {
      limit: lines,
      ...(since !== undefined && { since: new Date(since) }),
      ...(until !== undefined && { until: new Date(until) }),
    });
    const wanted = matcher(filter);
    const shown = calls.filter((call) => wanted(lineOf(call))).reverse();
    if (structured) {
      return { content: JSON.stringify(shown), contentType: 'json', fields: { calls: shown } };
    }
    const content = shown.map(lineOf).join('\n') || 'No calls match.';
    return { content, contentType: 'text', fields: { matched: shown.length, looked_at: calls.length } };
  },
});

/** With its zone: a time without one would be that of the server. */
function isTime(value: string): boolean {
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value));
}

/** Plain text on purpose: a regular expression of a caller could keep the process busy for minutes. */
function matcher(filter: string | undefined): (line: string) => boolean {
  const words = (filter ?? '')
    .toLowerCase()
    .split('|')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return (line) => words.length === 0 || words.some((word) => line.toLowerCase().includes(word));
}

function lineOf(call: CallRecord): string {
  const { accepted_at, state, tool, duration_ms, provider, model, error_code, input_tokens, output_tokens } =
    call;
  return [
    accepted_at,
    state,
    tool,
    ...(duration_ms === undefined ? [] : [`${duration_ms} ms`]),
    ...(model === undefined ? [] : [`${provider}/${model}`]),
    ...(input_tokens === undefined ? [] : [`${input_tokens}+${output_tokens ?? 0} tokens`]),
    ...(error_code === undefined ? [] : [error_code]),
    call.correlation_id,
  ].join(' ');
}
