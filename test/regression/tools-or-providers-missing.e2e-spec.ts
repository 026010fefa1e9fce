import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-01, D-02, D-03, D-14: started "healthy" with 2 of 20 tools and no provider. */
let server: Standalone;

afterEach(() => server.stop());
afterAll(() => rmSync(sources, { recursive: true, force: true }));

interface Readiness {
  readonly details: { readonly registry: { readonly tools: number; readonly providers: number } };
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

const sources = temporaryDirectory();
const source = join(sources, 'source.ts');

/** What a tool asks for in its first step although its schema cannot say so. */
const ALSO_NEEDED: Readonly<Record<string, unknown>> = {
  relevant_files: [source],
  path: sources,
  file_path: source,
  models: ['for', 'against'].map((stance) => ({ model: 'simulator-1', stance })),
  findings: 'hello',
  call_id: '0199c0de-0000-7000-8000-000000000001',
};

/** The simulator does not stand in for a vendor that a tool is made for: it says which key is missing. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['kimi_chat_with_tools', 'KIMI_API_KEY'],
  ['kimi_capture_headers', 'KIMI_API_KEY'],
  ['kimi_intent_analysis', 'KIMI_API_KEY'],
  ['glm_web_search', 'GLM_API_KEY'],
]);

/** Nobody has a file or a call there yet, and they say so. */
const NOTHING_STORED: ReadonlyMap<string, string> = new Map([
  ['smart_file_download', 'FILE_NOT_FOUND'],
  ['call_result', 'NOT_FOUND'],
]);

function refusalOf(name: string): string | undefined {
  return NOTHING_STORED.get(name) ?? (KEYS.has(name) ? 'PROVIDER_NOT_CONFIGURED' : undefined);
}

/** The smallest thing that fits. */
function sampleOf({ type, enum: values }: Schema = {}): unknown {
  if (values) return values[0];
  return { integer: 1, boolean: true }[type ?? ''] ?? 'hello';
}

// `full` holds every tool of the other profiles.
it('every tool is there when the server says that it is ready, and answers', async () => {
  writeFileSync(source, 'export const answer = 42;\n');
  server = await startStandalone({ env: { TOOL_PROFILE: 'full', EXAI_FILE_ROOTS: sources } });
  const ready = await fetch(`${server.url}/health/ready`);
  expect(ready.status).toBe(200);
  const { registry } = ((await ready.json()) as Readiness).details;
  expect(registry.providers).toBe(1);

  const client = await connect('v2-default', 'websocket', server);
  const tools = await client.listTools();
  expect(tools).toHaveLength(registry.tools);
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['chat', 'listmodels', 'status', 'version']),
  );
  for (const { name, inputSchema } of tools) {
    const { required = [], properties = {} } = inputSchema as Schema;
    const needed = Object.entries(ALSO_NEEDED).filter(([field]) => field in properties);
    const args = {
      ...Object.fromEntries(required.map((field) => [field, sampleOf(properties[field])])),
      ...Object.fromEntries(needed),
    };
    const result = await client.callTool(name, args);
    const error = result.structuredContent?.['error'] as { code: string; hint: string } | undefined;
    const key = KEYS.get(name);
    expect([name, error?.code]).toEqual([name, refusalOf(name)]);
    expect([name, result.isError ?? false]).toEqual([name, error !== undefined]);
    if (key !== undefined) expect(error?.hint).toContain(key);
  }
  const { structuredContent } = await client.callTool('version', {});
  expect(structuredContent).toMatchObject({ tool_count: tools.length, providers_configured: ['simulator'] });
  expect(structuredContent?.['model_count']).toBeGreaterThan(0);
  await client.close();
  // Dozens of calls, some with several steps.
}, 60_000);

it('without any provider the server lives but is not ready, and says why', async () => {
  server = await startStandalone({ env: { EXAI_SIMULATOR: 'off' } });
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  const ready = await fetch(`${server.url}/health/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ error: { registry: { status: 'down', providers: 0 } } });

  const client = await connect('v2-default', 'websocket', server);
  expect((await client.callTool('status', {})).isError ?? false).toBe(false);
  const asked = await client.callTool('chat', { prompt: 'anybody there?' });
  expect(asked).toMatchObject({
    isError: true,
    structuredContent: { error: { code: 'NO_MODEL_AVAILABLE' } },
  });
  await client.close();
});
