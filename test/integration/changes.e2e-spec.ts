import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Change } from '../../libs/dispatch/src/change.js';
import { Changes } from '../../libs/dispatch/src/changes.js';
import { PostgresCallSignals } from '../../libs/dispatch/src/postgres-call-signals.js';
import { RedisCallSignals } from '../../libs/dispatch/src/redis-call-signals.js';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** What every process hears about changes, told by real gateways and workers. */
describe.each(backends())('changes, with the queue on $name', (backend) => {
  const directory = temporaryDirectory();
  const providersFile = join(directory, 'providers.json');
  const heard: Change[] = [];
  let rig: Rig;
  let client: McpClient;
  let signals: PostgresCallSignals | RedisCallSignals;
  let changes: Changes;

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(providersFile, JSON.stringify({ providers: [] }), { mode: 0o600 });
    rig = await Rig.open(backend, { env: { EXAI_PROVIDERS_FILE: providersFile } });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token({ subject: 'owner' }));
    const redisUrl = rig.gateway.env['REDIS_URL'];
    signals =
      redisUrl === undefined
        ? new PostgresCallSignals(rig.databaseUrl, () => undefined)
        : new RedisCallSignals(redisUrl, () => undefined);
    await signals.start();
    changes = new Changes(signals);
    changes.subscribe((change) => heard.push(change));
  });

  beforeEach(() => {
    heard.length = 0;
  });

  afterAll(async () => {
    await client.close();
    await signals.close();
    await rig.close();
    rmSync(directory, { recursive: true });
  });

  const uris = () => heard.map((change) => (typeof change === 'object' ? change.uri : change));
  const chat = (prompt: string) => client.callTool('chat', { model: 'simulator-1', prompt });

  it('reach the process that announces them, several equal ones at once as one', async () => {
    changes.announce('tools');
    changes.announce('tools');
    changes.announce({ uri: 'exai://threads/1', owner: { tenant: 't', subject: 's' } });
    await eventually(() => heard.length >= 2, 'both kinds arrive');
    expect(heard).toEqual(['tools', { uri: 'exai://threads/1', owner: { tenant: 't', subject: 's' } }]);
  });

  it('are the end of a call, and the turn of a thread with the name of its owner', async () => {
    const result = await chat('[[sim: echo]] hello');
    const id = String(result._meta?.['io.exai/callId']);
    const thread = String(result.structuredContent?.['continuation_id']);
    await eventually(() => heard.length >= 2, 'both arrive');
    expect(uris()).toContain(`exai://calls/${id}`);
    expect(heard).toContainEqual({
      uri: `exai://threads/${thread}`,
      owner: expect.objectContaining({ subject: 'owner' }) as unknown,
    });
  });

  it('are other models, once each process has read its files again', async () => {
    const added = {
      id: 'added',
      type: 'openai-compatible',
      baseUrl: rig.simulator.baseUrl,
      apiKey: 'key-of-the-added-endpoint',
      models: [{ id: 'added-model', contextWindow: 100_000, maxOutputTokens: 4_096 }],
    };
    writeFileSync(providersFile, JSON.stringify({ providers: [added] }), { mode: 0o600 });
    await eventually(
      () => uris().filter((uri) => uri === 'exai://models').length >= 2,
      'both processes tell',
    );
    expect(uris()).toContain('exai://providers/status');
  });

  it('are circuits that open, not every request that a provider answers', async () => {
    await chat('[[sim: echo]] fine');
    await chat('[[sim: echo]] fine');
    await eventually(() => uris().filter((uri) => uri.startsWith('exai://calls/')).length >= 2, 'both ended');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(uris()).not.toContain('exai://providers/status');
    // What becomes of them is not waited for: they try again until they may not.
    void Promise.allSettled(Array.from({ length: 6 }, (_, n) => chat(`[[sim: 500 x9]] no ${n}`)));
    await eventually(() => uris().includes('exai://providers/status'), 'the open circuit is told');
  });
});
