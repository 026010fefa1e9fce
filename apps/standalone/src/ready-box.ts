import { PRODUCT, type Config } from '#libs/config';
import { type ProviderRegistry } from '#libs/providers';
import { type ToolCatalog } from '#libs/tools';
import { relative } from 'node:path';

export interface ReadyFacts {
  readonly config: Config;
  readonly url: string;
  readonly embeddedDatabase: boolean;
  readonly catalog: ToolCatalog;
  readonly providers: ProviderRegistry;
  readonly seconds: number;
}

const STATE_WORDS = { ready: 'ready', no_key: 'no key', disabled: 'off' } as const;

/** What a person needs to know once everything runs: where it is, what it has, what to do next. */
export function readyBox(facts: ReadyFacts): string {
  const { config, url, catalog, providers } = facts;
  const directory = relative(process.cwd(), config.server.dataDir);
  const data = directory.startsWith('..') ? config.server.dataDir : `./${directory}`;
  const states = providers
    .providers()
    .filter(({ state, prominent }) => state === 'ready' || prominent)
    .map(({ id, state }) => `${id} ${STATE_WORDS[state]}`);
  return [
    ` EX-AI MCP Server ${PRODUCT.version}   ready in ${facts.seconds.toFixed(1)} s` +
      `            data: ${data}${facts.embeddedDatabase ? ' (embedded)' : ''}`,
    `   MCP        ${url}/mcp     ${url.replace('http', 'ws')}/ws`,
    `   Tools      ${catalog.size} of ${catalog.expected} (profile ${config.tools.profile})`,
    `   Providers  ${states.join(' · ')}`,
    `   Next       npx exai call chat prompt="Hello"   |   npx exai tools`,
    ...(config.auth.enabled ? [] : ['   WARNING    authentication is off']),
    '',
  ].join('\n');
}

export function readyLine(facts: ReadyFacts): Record<string, unknown> {
  return {
    url: facts.url,
    seconds: Number(facts.seconds.toFixed(2)),
    tools: facts.catalog.size,
    providers: facts.providers.summary(),
    database: facts.embeddedDatabase ? 'embedded' : 'external',
    queue: facts.config.queue.redisUrl === undefined ? 'postgresql' : 'redis',
  };
}
