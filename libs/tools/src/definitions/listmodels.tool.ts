import { z } from 'zod';
import { defineInlineTool, type ModelsReport } from '../define.js';
import { shortText } from '../fields.js';

export const listmodels = defineInlineTool({
  name: 'listmodels',
  title: 'List models',
  description:
    'Providers and models that can be used here, with aliases, limits and abilities. Call it before naming a model.',
  tier: 'hidden',
  alwaysListed: true,
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    provider: shortText('Only this provider.').optional(),
    format: z.enum(['markdown', 'json']).default('markdown').describe('Format of the content.'),
    include_retired: z.boolean().default(false).describe('Also models the vendor has withdrawn.'),
  },
  ignored: ['model'],
  async answer({ provider, format, include_retired }, view, { principal }) {
    const report = await view.models({
      ...(provider !== undefined && { provider: provider.trim().toLowerCase() }),
      includeRetired: include_retired,
      ...(principal.models && { permitted: principal.models }),
    });
    const content = format === 'json' ? JSON.stringify(report, null, 2) : describe(report);
    return { content, contentType: format, fields: { ...report } };
  },
});

type Provider = ModelsReport['providers'][number];
type Model = ModelsReport['models'][number];

function describe({ providers, models, summary, also_available }: ModelsReport): string {
  const sections = providers.map((provider) => [
    `## ${provider.title} (\`${provider.id}\`): ${stateOf(provider)}`,
    ...models.filter((model) => model.provider === provider.id).map(lineOf),
  ]);
  const total =
    `${summary.models_usable} of ${summary.models_total} models usable, ` +
    `${summary.providers_ready} of ${summary.providers_total} providers ready.`;
  const others = also_available ? [`Also available: set ${also_available.join(', ')}.`] : [];
  return ['# Models', total, ...sections.map((lines) => lines.join('\n')), ...others].join('\n\n');
}

function stateOf(provider: Provider): string {
  if (provider.state === 'no_key') {
    return provider.key_variable === undefined ? 'no key' : `no key, set ${provider.key_variable}`;
  }
  if (provider.state === 'disabled') return 'switched off';
  if (provider.reachable === undefined) return 'ready';
  const { health } = provider;
  if (provider.reachable)
    return health?.state === 'half_open' ? 'ready, being tried again' : 'ready, reachable';
  return `ready, but not asked for a while${health?.cause === undefined ? '' : ` (${health.cause})`}`;
}

function lineOf(model: Model): string {
  const abilities = [
    model.images && 'images',
    model.tools && 'tools',
    model.web_search && 'web search',
    model.reasoning && 'thinking',
  ].filter((ability) => ability !== false);
  const facts = [
    `context ${tokens(model.context_window)}`,
    `answer ${tokens(model.max_output_tokens)}`,
    ...(abilities.length > 0 ? [abilities.join(', ')] : []),
    ...(model.price ? [priceOf(model.price)] : []),
    ...(model.tier === undefined ? [] : [model.tier]),
    ...(model.aliases.length > 0 ? [`also: ${model.aliases.join(', ')}`] : []),
    ...(model.status === 'active' ? [] : [model.status]),
    ...(model.discovered ? ['listed by the vendor, not described here'] : []),
    ...(model.circuit ? [`circuit ${model.circuit.state.replace('_', '-')}`] : []),
    ...(model.replaced_by === undefined ? [] : [`use ${model.replaced_by}`]),
    ...(model.note === undefined ? [] : [model.note]),
  ];
  return `- \`${model.id}\`: ${facts.join('; ')}`;
}

function priceOf({ input, cached_input, output }: NonNullable<Model['price']>): string {
  const cached = cached_input === undefined ? '' : `, $${cached_input} cached`;
  return `$${input} in${cached}, $${output} out per million tokens`;
}

function tokens(count: number): string {
  return count >= 1_000_000 ? `${round(count / 1_000_000)}M` : `${round(count / 1_000)}k`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
