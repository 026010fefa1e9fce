import { defineInlineTool, type VersionReport } from '../define.js';

export const version = defineInlineTool({
  name: 'version',
  title: 'Server version',
  description: 'Version of this server, what it runs on, and how many providers, models and tools it has.',
  tier: 'hidden',
  alwaysListed: true,
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {},
  ignored: ['model'],
  async answer(_args, view, { client }) {
    const report = await view.version(client);
    return { content: describe(report), contentType: 'markdown', fields: { ...report } };
  },
});

function describe(report: VersionReport): string {
  const build = [report.commit, report.built_at].filter((part) => part !== undefined).join(', ');
  return [
    `# ${report.name} ${report.version}${build ? ` (${build})` : ''}`,
    '',
    `- Node.js ${report.node_version} on ${report.platform}, up ${duration(report.uptime_seconds)}`,
    `- MCP revisions: ${report.protocol_versions.join(', ')}`,
    `- Client: ${report.client.name} ${report.client.version}`,
    `- Providers: ${report.providers_configured.join(', ') || 'none configured'}; ${report.model_count} models`,
    `- Tools: ${report.tool_count} (profile ${report.tool_profile})`,
    `- Storage: ${report.storage_driver}${report.schema_version === undefined ? '' : `, schema ${report.schema_version}`}`,
    `- Queue: ${report.queue_driver}`,
  ].join('\n');
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
