import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CLIENT_KINDS,
  connect,
  MODERN_REVISION,
  TRANSPORTS,
  type McpClient,
  type Progress,
} from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** Every client in the field over every transport: one gateway, the same answers. */
let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({ env: simulator.env });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

const MATRIX = CLIENT_KINDS.flatMap((kind) => TRANSPORTS.map((transport) => ({ kind, transport })));

describe.each(MATRIX)('$kind over $transport', ({ kind, transport }) => {
  let client: McpClient;

  beforeEach(async () => {
    client = await connect(kind, transport, server);
  });

  afterEach(() => client.close());

  it('negotiates the revision its user asked for', () => {
    const isModern = kind === 'v2-auto' || kind === 'v2-pinned';
    expect(client.protocolVersion).toBe(isModern ? MODERN_REVISION : '2025-11-25');
  });

  it('lists the tools, sorted and with their schema', async () => {
    const tools = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['chat', 'listmodels', 'status', 'version']));
    expect(tools.every(({ inputSchema }) => inputSchema.type === 'object')).toBe(true);
  });

  it('gets the answer to its own question, as text and as structure', async () => {
    const question = `from ${kind} over ${transport}`;
    const result = await client.callTool('chat', { prompt: `[[sim: echo]] ${question}` });
    expect(result.isError ?? false).toBe(false);
    expect(result.structuredContent).toMatchObject({
      status: 'continuation_available',
      content: question,
    });
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(result.structuredContent);
  });

  it('sees progress that rises strictly and ends with the answer', async () => {
    const seen: Progress[] = [];
    await client.callTool(
      'chat',
      { prompt: '[[sim: latency(300), echo]] slowly' },
      { onprogress: (progress) => seen.push(progress) },
    );
    const atTheEnd = seen.length;
    expect(atTheEnd).toBeGreaterThan(0);
    const values = seen.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    // A round trip more: what was sent before it has arrived by now.
    await client.callTool('version', {});
    expect(seen).toHaveLength(atTheEnd);
  });

  it('cancels the request at the provider', async () => {
    const mark = `${kind}-${transport}`;
    const before = (await simulator.requests()).length;
    const controller = new AbortController();
    const call = client.callTool(
      'chat',
      { prompt: `[[sim: ok-long(30)]] ${mark}` },
      { signal: controller.signal },
    );
    const ended = expect(call).rejects.toThrow();
    const { seq } = await eventually(async () => {
      const [request] = (await simulator.requests()).slice(before);
      return request;
    }, 'the provider has the request');
    const cancelledAt = Date.now();
    controller.abort();
    await ended;
    const { aborted, finishedAt } = await simulator.waitFor(
      (entry) => entry.seq === seq && entry.finishedAt !== null,
      'the request ends',
    );
    expect(aborted).toBe(true);
    expect((finishedAt ?? Infinity) - cancelledAt).toBeLessThan(5_000);
    expect((await client.callTool('version', {})).isError ?? false).toBe(false);
  });

  it('is refused an unknown tool and stays connected', async () => {
    await expect(client.callTool('chatt', {})).rejects.toMatchObject({
      code: -32602,
      data: { code: 'TOOL_NOT_FOUND' },
    });
    expect((await client.callTool('version', {})).structuredContent).toMatchObject({ status: 'success' });
  });

  it('learns which arguments were wrong in a result it can act on', async () => {
    const result = await client.callTool('chat', { prompt: 42 });
    expect(result).toMatchObject({
      isError: true,
      structuredContent: { status: 'error', error: { code: 'INVALID_ARGUMENT' } },
      _meta: { 'io.exai/error': { code: 'INVALID_ARGUMENT' } },
    });
    expect(JSON.stringify(result.structuredContent)).toContain('/prompt');
  });
});
