import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  TRANSPORTS,
  type ClientKind,
  type McpClient,
  type ToolResult,
  type TransportKind,
} from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** One client of each era. */
const COMBINATIONS = TRANSPORTS.flatMap((transport) => [
  ['v1', transport] as const,
  ['v2-pinned', transport] as const,
]);

/** What the server tells by itself: changes at one gateway reach the clients of every other, and no stranger. */
describe.each(backends())('news, with the queue on $name', (backend) => {
  const directory = temporaryDirectory();
  const file = join(directory, 'providers.json');
  let rig: Rig;
  let models = 0;

  /** Each time another set of models. */
  const changeModels = () => {
    models += 1;
    const lab = {
      id: 'lab',
      type: 'openai-compatible',
      baseUrl: 'http://127.0.0.1:9/v1',
      models: [{ id: `model-${models}`, contextWindow: 100_000, maxOutputTokens: 4_096 }],
    };
    writeFileSync(file, JSON.stringify({ providers: [lab] }), { mode: 0o600 });
  };

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    changeModels();
    rig = await Rig.open(backend, { gateways: 2, env: { EXAI_PROVIDERS_FILE: file, TOOL_PROFILE: 'full' } });
  });

  afterAll(async () => {
    await rig.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function listener(kind: ClientKind, transport: TransportKind, subject = 'listener') {
    const lists: string[] = [];
    const updates: string[] = [];
    const [, second] = rig.gateways;
    if (!second) throw new Error('Two gateways are needed.');
    const client = await connect(kind, transport, second, rig.token({ subject }), {
      onListChanged: (method) => lists.push(method),
      onUpdated: (uri) => updates.push(uri),
    });
    return { client, lists, updates };
  }

  describe.each(COMBINATIONS)('to the official client %s over %s', (kind, transport) => {
    it('tell that there are other models, and what it asked for only', async () => {
      const { client, lists, updates } = await listener(kind, transport);
      await client.follow('exai://models');
      changeModels();
      await eventually(() => updates.includes('exai://models'), 'the update arrives');
      await eventually(() => lists.includes('notifications/resources/list_changed'), 'the change arrives');
      expect(new Set(updates)).toEqual(new Set(['exai://models']));
      // Whichever process sees the file first tells; each of the others follows, and tells again.
      await eventually(async () => {
        const { contents } = await client.reads.readResource({ uri: 'exai://models' });
        return JSON.stringify(contents).includes(`model-${models}`);
      }, 'the other models are there');
      await client.close();
    });
  });

  describe.each([
    ['v1', 'websocket'],
    ['v1', 'http'],
    ['v2-pinned', 'websocket'],
    ['v2-pinned', 'http'],
  ] as const)('of a call, to %s over %s', (kind, transport) => {
    /** Starts a call at the first gateway and answers its id while it runs. */
    async function running(
      subject: string,
    ): Promise<{ id: string; result: Promise<ToolResult>; caller: McpClient }> {
      const caller = await connect('v1', 'websocket', rig.gateway, rig.token({ subject }));
      const result = caller.callTool('test_echo', { message: 'slowly', delay_ms: 1_500 });
      const id = await eventually(async () => {
        const { completion } = await caller.reads.complete({
          ref: { type: 'ref/resource', uri: 'exai://calls/{id}' },
          argument: { name: 'id', value: '' },
        });
        return completion.values[0];
      }, 'the call is recorded');
      return { id, result, caller };
    }

    it('tell its owner that it has ended', async () => {
      const subject = `owner-${kind}-${transport}`;
      const { client, updates } = await listener(kind, transport, subject);
      const { id, result, caller } = await running(subject);
      await client.follow(`exai://calls/${id}`);
      await result;
      await eventually(() => updates.includes(`exai://calls/${id}`), 'the end is told');
      await Promise.all([client.close(), caller.close()]);
    });

    it('tell nobody else', async () => {
      const { client, updates } = await listener(kind, transport);
      const { id, result, caller } = await running(`other-${kind}-${transport}`);
      await client.follow(`exai://calls/${id}`).catch((error: unknown) => {
        // Of a 2025 revision the request itself is refused, as reading it is.
        expect(error).toMatchObject({ code: -32602 });
      });
      await result;
      await delay(300);
      expect(updates).toEqual([]);
      await Promise.all([client.close(), caller.close()]);
    });
  });
});
