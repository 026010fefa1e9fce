import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HIDDEN_SCRIPTS, type SessionState, TOOL_SCRIPTS, type ToolScript } from '../faults/tool-scripts.js';
import { type ClientKind, connect, type McpClient, type TransportKind } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { STATUSES } from './statuses.js';

const [postgres] = backends();
const SCRIPTS = [...TOOL_SCRIPTS, ...HIDDEN_SCRIPTS];

/** The model says this, whatever it is asked. */
const ANSWER = 'The pool is opened twice.';

const CONNECTIONS: readonly (readonly [TransportKind, ClientKind])[] = [
  ['websocket', 'v1'],
  ['http', 'v2-default'],
  ['http', 'v2-pinned'],
  ['stdio', 'v2-default'],
];

type Payload = Readonly<Record<string, unknown>>;

/** Every tool through the whole system, over every transport: the same answer as on record, word for word. */
describe('every tool', () => {
  const files = temporaryDirectory();
  const file = join(files, 'pool.ts');
  let rig: Rig;
  let fileId: string;
  let callId: string;
  const clients = new Map<string, McpClient>();

  beforeAll(async () => {
    if (!postgres) throw new Error('There is no queue to test with.');
    writeFileSync(file, 'export const limit = 7;\n');
    execFileSync('git', ['init', '--quiet', files]);
    rig = await Rig.open(postgres, {
      env: ({ baseUrl }) => ({
        EXAI_FILE_ROOTS: files,
        TOOL_PROFILE: 'full',
        KIMI_API_KEY: 'kimi-test',
        KIMI_BASE_URL: baseUrl,
        GLM_API_KEY: 'glm-test',
        GLM_BASE_URL: baseUrl,
      }),
    });
    rig.simulator.control({ always: `answer(${ANSWER})` });
    for (const [transport, kind] of CONNECTIONS) {
      clients.set(`${transport} ${kind}`, await connect(kind, transport, rig.gateway, rig.token()));
    }
    const asked = await clientOf('websocket v1').callTool('smart_file_query', {
      file_path: file,
      question: 'What is it?',
    });
    fileId = String((asked.structuredContent?.['metadata'] as Payload)['file_id']);
    callId = String(asked._meta?.['io.exai/callId']);
    // From here on it comes from the cache, whoever asks first.
    await clientOf('websocket v1').callTool('smart_file_download', { file_id: fileId });
  });

  afterAll(async () => {
    for (const client of clients.values()) await client.close();
    await rig.close();
    rmSync(files, { recursive: true, force: true });
  });

  const clientOf = (name: string): McpClient => {
    const client = clients.get(name);
    if (!client) throw new Error(`${name} is not connected.`);
    return client;
  };

  /** The first call and, of a workflow, its last one as well. */
  const run = async (client: McpClient, { tool, call }: ToolScript): Promise<Payload[]> => {
    const state: SessionState = { file, repository: files, fileId, callId, continuationId: undefined };
    const first = await payloadOf(client, tool, call(1, state));
    if (first['next_step_required'] === undefined && !String(first['status']).startsWith('pause_for'))
      return [first];
    const continuationId = String(first['continuation_id']);
    return [first, await payloadOf(client, tool, call(5, { ...state, continuationId }))];
  };

  const payloadOf = async (client: McpClient, tool: string, args: Payload): Promise<Payload> => {
    const { structuredContent, isError, content } = await client.callTool(tool, { ...args });
    expect([tool, isError ?? false, structuredContent?.['error']]).toEqual([tool, false, undefined]);
    expect(JSON.parse(content[0]?.text ?? '')).toEqual(structuredContent);
    return structuredContent ?? {};
  };

  it('is in the list, and each has a script', async () => {
    const listed = (await clientOf('websocket v1').listTools()).map(({ name }) => name);
    expect(listed).toEqual(SCRIPTS.map(({ tool }) => tool).sort());
  });

  describe.each([...CONNECTIONS])('over %s with the client %s', (transport, kind) => {
    // The list first: the clients check each answer against the output schema that it holds.
    beforeAll(() => clientOf(`${transport} ${kind}`).listTools());

    it.each(SCRIPTS)('$tool', async (script) => {
      const payloads = await run(clientOf(`${transport} ${kind}`), script);
      for (const { status } of payloads) expect(STATUSES).toContain(status);
      const record =
        script.place === 'gateway' ? payloads.map(outline) : payloads.map((one) => settled(one, files));
      const name = `golden/${script.tool}.json`;
      // On record as the first connection saw it; the others must see the same.
      if (transport === 'websocket') await expect(asJson(record)).toMatchFileSnapshot(name);
      else expect(asJson(record)).toBe(readFileSync(new URL(name, import.meta.url), 'utf8'));
    });
  });
});

function asJson(record: unknown): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** What tools of the gateway report changes from call to call; its form does not. */
function outline(payload: Payload): Payload {
  return { status: payload['status'], fields: Object.keys(payload).sort() };
}

const SETTLED: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>'],
  [/(\\?"(?:\w+_ms|created)\\?": ?)\d+(?:\.\d+)?/g, '$10'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
  [/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, '<time>'],
  [/("uses":|used )\d+/g, '$10'],
  [/\/\S*exai-test-\w+/g, '<directory>'],
];

/** Without what differs from call to call, and without the models that the catalogue would rather not have asked. */
function settled(payload: Payload, directory: string): unknown {
  let text = JSON.stringify(payload, (key, value: unknown) => (key === 'rejected' ? undefined : value));
  text = text.replaceAll(directory, '<files>');
  for (const [pattern, replacement] of SETTLED) text = text.replaceAll(pattern, replacement);
  return JSON.parse(text);
}
