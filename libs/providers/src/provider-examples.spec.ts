import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config';
import { afterAll, describe, expect, it } from 'vitest';
import { PROVIDERS } from './descriptors/index.js';
import { ProviderRegistry } from './provider-registry.js';

const directory = mkdtempSync(join(tmpdir(), 'exai-examples-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const page = readFileSync(new URL('../../../docs/providers.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text);

describe('docs/providers.md', () => {
  it('shows both files and every kind of endpoint', () => {
    expect(examples.length).toBeGreaterThanOrEqual(7);
  });

  it.each(examples.map((text, index) => [index + 1, text] as const))(
    'example %i works',
    async (index, text) => {
      const content = JSON.parse(text) as { id?: string; providers?: unknown[]; models?: unknown[] };
      const isCatalogue = content.id === undefined && content.providers === undefined;
      const path = join(directory, `${index}.json`);
      const file = isCatalogue || content.providers ? content : { providers: [content] };
      writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
      const registry = ProviderRegistry.build(
        PROVIDERS,
        loadConfig({
          [isCatalogue ? 'EXAI_MODEL_CATALOG_FILE' : 'EXAI_PROVIDERS_FILE']: path,
          AZURE_OPENAI_KEY: 'azure-key-0123456789',
          DEEPSEEK_API_KEY: 'deepseek-key-0123456789',
          LITELLM_MASTER_KEY: 'litellm-key-0123456789',
          TEAM_TOKEN: 'team-token-0123456789',
        }),
      );
      expect(registry.warnings).toEqual([]);
      if (content.id !== undefined && content.id !== 'kimi') {
        expect(registry.status(content.id).state).toBe('ready');
      }
      await registry.close();
    },
  );
});
