import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { readMetric } from '../harness/metrics.js';
import { temporaryDirectory } from '../harness/paths.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-09, D-37: what the provider could not do came back as if a model had said it, or ended the session. */
let simulator: WatchedSimulator;
let server: Standalone;
let client: McpClient;

const directory = temporaryDirectory();

beforeAll(async () => {
  simulator = await watchSimulator();
  const file = join(directory, 'providers.json');
  writeFileSync(file, JSON.stringify({ providers: FAILURES.map(([behaviour]) => providerFor(behaviour)) }));
  server = await startStandalone({ env: { ...simulator.env, EXAI_PROVIDERS_FILE: file } });
  client = await connect('v2-default', 'websocket', server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
  await simulator.close();
  rmSync(directory, { recursive: true, force: true });
});

const FAILURES = [
  ['401', 'PROVIDER_AUTH'],
  ['402', 'PROVIDER_QUOTA'],
  ['403', 'PROVIDER_AUTH'],
  ['429(0)', 'PROVIDER_RATE_LIMITED'],
  ['503', 'PROVIDER_UNAVAILABLE'],
  ['529', 'PROVIDER_UNAVAILABLE'],
  ['502-html', 'PROVIDER_UNAVAILABLE'],
  ['wrong-type', 'PROVIDER_BAD_RESPONSE'],
  ['bad-json', 'PROVIDER_BAD_RESPONSE'],
  ['empty-200', 'PROVIDER_BAD_RESPONSE'],
  ['empty-choices', 'PROVIDER_BAD_RESPONSE'],
  ['short-body', 'PROVIDER_UNAVAILABLE'],
  ['content-filter', 'CONTENT_FILTERED'],
  ['400-context', 'CONTEXT_TOO_LARGE'],
  ['404-model', 'MODEL_NOT_FOUND'],
] as const;

/** One for each failure: a failure that shuts a provider out must not answer for the others. */
function providerFor(behaviour: string): object {
  const id = `failing-${behaviour.replace(/\W/g, '')}`;
  // Whole answers: a stream that says its own end is complete, whatever its headers said.
  const model = { id: `${id}-model`, contextWindow: 100_000, maxOutputTokens: 4_096, streaming: false };
  return { id, type: 'openai-compatible', baseUrl: simulator.baseUrl, models: [model] };
}

const modelFor = (behaviour: string) => `failing-${behaviour.replace(/\W/g, '')}-model`;

describe('a failed provider request', () => {
  it.concurrent.each(FAILURES)('%s is the error %s, not an answer', async (behaviour, code) => {
    const result = await client.callTool('chat', {
      prompt: `[[sim: ${behaviour}]] hello`,
      model: modelFor(behaviour),
    });
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toMatchObject({ status: 'error', error: { code } });
    expect(result.structuredContent).not.toHaveProperty('content');
    expect(result._meta).toMatchObject({ 'io.exai/error': { code } });
  });
});

it('is counted as what it is', async () => {
  const succeeded = { tool: 'chat', outcome: 'completed' };
  const before = (await readMetric(server.url, 'exai_calls_finished_total', succeeded)) ?? 0;
  const failed = { tool: 'chat', outcome: 'failed', code: 'PROVIDER_AUTH' };
  const failedBefore = (await readMetric(server.url, 'exai_calls_finished_total', failed)) ?? 0;
  await client.callTool('chat', { prompt: '[[sim: 401]] hello', model: modelFor('401') });
  expect((await readMetric(server.url, 'exai_calls_finished_total', succeeded)) ?? 0).toBe(before);
  expect(await readMetric(server.url, 'exai_calls_finished_total', failed)).toBe(failedBefore + 1);
});

it('a model whose provider has no key is refused, and nobody else answers in its name', async () => {
  const before = (await simulator.requests()).length;
  const result = await client.callTool('chat', { prompt: 'hello', model: 'glm-4.6' });
  expect(result).toMatchObject({
    isError: true,
    structuredContent: { error: { code: 'PROVIDER_NOT_CONFIGURED' } },
  });
  expect(await simulator.requests()).toHaveLength(before);
});

it('leaves session and conversation usable', async () => {
  const model = 'simulator-1';
  const first = await client.callTool('chat', { prompt: '[[sim: ok]] one', model });
  const offer = first.structuredContent?.['continuation_offer'] as { continuation_id: string };
  const thread = { continuation_id: offer.continuation_id };
  expect(
    (await client.callTool('chat', { prompt: '[[sim: 400-context]] two', model, ...thread })).isError,
  ).toBe(true);
  const third = await client.callTool('chat', { prompt: '[[sim: ok]] three', model, ...thread });
  expect(third.structuredContent?.['content']).toContain('Earlier turns seen: 2.');
});
