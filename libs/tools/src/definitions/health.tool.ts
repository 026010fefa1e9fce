import { z } from 'zod';
import { defineInlineTool, type ModelsReport, type StatusReport } from '../define.js';

export const health = defineInlineTool({
  name: 'health',
  title: 'Health',
  description:
    'Health in one answer: every provider and model that can be used, success rates, queue, storage and the latest errors.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    tail_lines: z.int().min(0).max(500).default(30).describe('Latest errors to show.'),
  },
  async answer({ tail_lines }, view, { principal }) {
    const [status, { providers, models }] = await Promise.all([
      view.status({ maxErrors: tail_lines, includeTools: false, doctor: false }),
      view.models({ includeRetired: false, ...(principal.models && { permitted: principal.models }) }),
    ]);
    const usable = models.filter(({ usable: canBeUsed }) => canBeUsed);
    const isHealthy = status.storage.ok && Object.values(status.queues).every(({ ok }) => ok);
    const report = {
      healthy: isHealthy && usable.length > 0,
      providers,
      models: usable.map(({ id, provider }) => ({ id, provider })),
      providers_health: status.providers_health,
      queues: status.queues,
      storage: status.storage,
      last_errors: status.last_errors,
    };
    return { content: describe(report), contentType: 'markdown', fields: report };
  },
});

interface HealthReport extends Pick<StatusReport, 'providers_health' | 'queues' | 'storage' | 'last_errors'> {
  readonly healthy: boolean;
  readonly providers: ModelsReport['providers'];
  readonly models: readonly { readonly id: string; readonly provider: string }[];
}

function describe({
  healthy,
  providers,
  models,
  providers_health,
  queues,
  storage,
  last_errors,
}: HealthReport): string {
  const providerLines = providers.map(({ id, state, model_count }) => {
    const { success_rate_5m: rate, p95_ms } = providers_health[id] ?? {};
    const measured = [
      ...(rate === undefined ? [] : [`${Math.round(rate * 100)} % ok in 5 min`]),
      ...(p95_ms === undefined ? [] : [`p95 ${p95_ms} ms`]),
    ];
    return `- ${id}: ${[state.replace('_', ' '), `${model_count} models`, ...measured].join(', ')}`;
  });
  const queueLines = Object.entries(queues).map(
    ([name, { ok, waiting = 0, running = 0 }]) =>
      `- queue ${name}: ${ok ? `ok, ${waiting} waiting, ${running} running` : 'not working'}`,
  );
  const errorLines = last_errors.map(
    ({ at, code, tool, correlation_id }) =>
      `- ${at} ${code}${tool === undefined ? '' : ` in ${tool}`} (${correlation_id})`,
  );
  return [
    `# ${healthy ? 'Healthy' : 'Not healthy'}`,
    ['## Providers', ...providerLines].join('\n'),
    `## Models\n${models.length} can be used: ${models.map(({ id }) => id).join(', ') || 'none'}`,
    ['## System', `- storage (${storage.driver}): ${storage.ok ? 'ok' : 'not working'}`, ...queueLines].join(
      '\n',
    ),
    ...(errorLines.length > 0 ? [['## Latest errors', ...errorLines].join('\n')] : []),
  ].join('\n\n');
}
