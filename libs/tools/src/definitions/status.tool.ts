import { z } from 'zod';
import { defineInlineTool, type StatusReport } from '../define.js';

const MAX_ERRORS = 10;

export const status = defineInlineTool({
  name: 'status',
  title: 'Server status',
  description:
    'Health of this server: providers, models, queue, storage, recent errors and what to do next. Call it when something fails.',
  tier: 'essential',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    tail_lines: z.int().min(0).max(500).default(30).describe('Recent errors to show; ten at most.'),
    include_tools: z.boolean().default(false).describe('Also name the loaded tools.'),
    doctor: z.boolean().default(false).describe('Also run the self-checks.'),
  },
  async answer({ tail_lines, include_tools, doctor }, view) {
    const report = await view.status({
      maxErrors: Math.min(tail_lines, MAX_ERRORS),
      includeTools: include_tools,
      doctor,
    });
    return { content: describe(report), contentType: 'markdown', fields: { ...report } };
  },
});

function describe(report: StatusReport): string {
  return [
    '# Status',
    section('Next steps', report.next_steps),
    section('Providers', providerLines(report)),
    section('Models', [
      `${report.models_available.count} available: ${report.models_available.ids.join(', ') || 'none'}`,
    ]),
    section('Tools', report.tools_loaded && [report.tools_loaded.join(', ')]),
    section('System', systemLines(report)),
    section(
      'Self-checks',
      report.checks?.map((check) => `${check.ok ? 'ok' : 'FAIL'}: ${check.name}, ${check.detail}`),
    ),
    section(
      'Recent errors',
      report.last_errors.map(
        ({ at, code, tool, correlation_id }) =>
          `${at} ${code}${tool ? ` in ${tool}` : ''} (${correlation_id})`,
      ),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, lines: readonly string[] | undefined): string {
  return lines?.length ? [`## ${title}`, ...lines.map((line) => `- ${line}`)].join('\n') : '';
}

function providerLines({ providers_configured, providers_health }: StatusReport): string[] {
  if (providers_configured.length === 0) return ['none configured'];
  return providers_configured.map((id) => {
    const health = providers_health[id];
    if (!health) return id;
    const facts = [
      `circuit ${health.state}${health.cause === undefined ? '' : ` after ${health.cause}`}`,
      ...(health.success_rate_5m === undefined
        ? []
        : [`${Math.round(health.success_rate_5m * 100)} % ok in 5 min`]),
      ...(health.p95_ms === undefined ? [] : [`p95 ${Math.round(health.p95_ms)} ms`]),
      ...(health.last_error === undefined ? [] : [`last error: ${health.last_error}`]),
    ];
    return `${id}: ${facts.join(', ')}`;
  });
}

function systemLines({ storage, queues }: StatusReport): string[] {
  const queueLines = Object.entries(queues).map(([name, queue]) => {
    const counts = (['waiting', 'running', 'delayed'] as const).flatMap((key) =>
      queue[key] === undefined ? [] : [`${queue[key]} ${key}`],
    );
    return `queue ${name} (${queue.driver}): ${[queue.ok ? 'ok' : 'not working', ...counts].join(', ')}`;
  });
  return [`storage (${storage.driver}): ${storage.ok ? 'ok' : 'not working'}`, ...queueLines];
}
