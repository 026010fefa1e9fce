import { z } from 'zod';
import { defineInlineTool, type CapabilitiesReport } from '../define.js';

export const providerCapabilities = defineInlineTool({
  name: 'provider_capabilities',
  title: 'Provider setup',
  description:
    'How providers are set up: whether a key is present (never its value), where requests go, which tools are offered.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {
    include_tools: z.boolean().default(true).describe('Also name the offered tools.'),
    all_providers: z.boolean().default(false).describe('Also rarely used providers without a key.'),
  },
  async answer({ include_tools, all_providers }, view) {
    const { tools, ...report } = await view.capabilities(all_providers);
    const shown = { ...report, ...(include_tools && { tools }) };
    return { content: describe(shown), contentType: 'markdown', fields: shown };
  },
});

type Shown = Omit<CapabilitiesReport, 'tools'> & Partial<Pick<CapabilitiesReport, 'tools'>>;

function describe({ providers, tool_profile, tools }: Shown): string {
  const lines = providers.map(({ id, state, key, variable, endpoint, files, model_count }) => {
    const facts = [
      state.replace('_', ' '),
      `key ${key}${key === 'missing' ? `, set ${variable}` : ''}`,
      ...(endpoint === undefined ? [] : [`asks ${endpoint}`]),
      `${model_count} models`,
      ...(files ? ['file store'] : []),
    ];
    return `- ${id}: ${facts.join('; ')}`;
  });
  const toolLines = tools ? ['', `Tools (${tools.length}): ${tools.join(', ')}`] : [];
  return ['# Providers', '', ...lines, '', `Tool profile: ${tool_profile}`, ...toolLines].join('\n');
}
