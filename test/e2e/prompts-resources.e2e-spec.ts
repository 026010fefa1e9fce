import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ClientKind, type McpClient, type TransportKind } from '../harness/clients.js';
import { bearer } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

let server: Standalone;
/** A conversation and a call of `owner`. */
let thread: string;
let call: string;

beforeAll(async () => {
  server = await startStandalone();
  const client = await connect('v2-default', 'websocket', server, owner());
  const { structuredContent, _meta } = await client.callTool('chat', {
    prompt: '[[sim: echo]] remember this',
  });
  thread = String(structuredContent?.['continuation_id']);
  call = String(_meta?.['io.exai/callId']);
  await client.close();
});

afterAll(() => server.stop());

const owner = () => server.token({ subject: 'owner' });
const withScopes = (...scopes: string[]) => server.token({ subject: 'owner', scopes });

async function as<T>(token: string, work: (client: McpClient) => Promise<T>): Promise<T> {
  const client = await connect('v2-default', 'websocket', server, token);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function read(client: McpClient, uri: string): Promise<Record<string, unknown>> {
  const { contents } = await client.reads.readResource({ uri });
  expect(contents).toEqual([{ uri, mimeType: 'application/json', text: expect.any(String) as string }]);
  return JSON.parse((contents[0] as { text: string }).text) as Record<string, unknown>;
}

async function rest(path: string): Promise<unknown> {
  const response = await fetch(`${server.url}/api/v1/${path}`, { headers: bearer(owner()) });
  return response.json();
}

const CLIENTS: readonly { kind: ClientKind; transport: TransportKind }[] = [
  { kind: 'v1', transport: 'websocket' },
  { kind: 'v1', transport: 'http' },
  { kind: 'v2-default', transport: 'http' },
  { kind: 'v2-default', transport: 'stdio' },
  { kind: 'v2-pinned', transport: 'websocket' },
  { kind: 'v2-pinned', transport: 'http' },
  { kind: 'v2-pinned', transport: 'stdio' },
];

describe.each(CLIENTS)('$kind over $transport', ({ kind, transport }) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(kind, transport, server, owner());
  });

  afterAll(() => client.close());

  it('lists a prompt for each tool, and the curated ones', async () => {
    const { prompts } = await client.reads.listPrompts();
    const tools = (await client.listTools()).map(({ name }) => name);
    const curated = ['find-the-bug', 'panel', 'review-my-changes', 'second-opinion'];
    expect(prompts.map(({ name }) => name)).toEqual([...tools, ...curated].sort());
    expect(prompts.every(({ title, description }) => Boolean(title) && Boolean(description))).toBe(true);
    const chat = prompts.find(({ name }) => name === 'chat');
    expect(chat?.arguments).toContainEqual({
      name: 'prompt',
      description: expect.stringMatching(/\S/) as string,
      required: true,
    });
  });

  it('gets one message of the user that asks for the tool', async () => {
    const { messages, description } = await client.reads.getPrompt({
      name: 'chat',
      arguments: { prompt: 'What is a mutex?', model: '' },
    });
    expect(description).toMatch(/\S/);
    expect(messages).toEqual([
      {
        role: 'user',
        content: { type: 'text', text: expect.stringContaining('What is a mutex?') as string },
      },
    ]);
    expect(JSON.stringify(messages)).toContain('`chat`');
    expect(JSON.stringify(messages)).not.toContain('model');
  });

  it.each([
    { name: 'chat' },
    { name: 'find-the-bug', arguments: { symptom: ' ' } },
    { name: 'chat', arguments: { prompt: 'x', colour: 'red' } },
    { name: 'no-such-prompt' },
  ])('is refused the prompt %j', async (params) => {
    await expect(client.reads.getPrompt(params)).rejects.toMatchObject({
      code: -32602,
      data: { code: 'INVALID_PARAMS' },
    });
  });

  it('lists and reads the resources', async () => {
    const { resources } = await client.reads.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'exai://models',
      'exai://providers/status',
      'exai://threads',
    ]);
    for (const { uri, mimeType } of resources) {
      expect(mimeType).toBe('application/json');
      expect(Object.keys(await read(client, uri))).not.toEqual([]);
    }
  });

  it('lists the templates and reads one resource of each', async () => {
    const { resourceTemplates } = await client.reads.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'exai://calls/{id}',
      'exai://models/{id}',
      'exai://threads/{id}',
    ]);
    expect(await read(client, `exai://calls/${call}`)).toMatchObject({ id: call, state: 'COMPLETED' });
    expect(await read(client, 'exai://models/simulator-1')).toMatchObject({
      id: 'simulator-1',
      usable: true,
    });
    expect(await read(client, `exai://threads/${thread}`)).toMatchObject({ continuation_id: thread });
  });

  it.each([
    'exai://models/no-such-model',
    'exai://models/%E0%A4%A',
    'exai://models/',
    'exai://threads/not-an-id',
    'exai://calls/not-an-id',
    'exai://nothing',
    'file:///etc/passwd',
    'not a uri',
  ])('does not find %s', async (uri) => {
    await expect(client.reads.readResource({ uri })).rejects.toMatchObject({ code: -32602, data: { uri } });
  });

  it('is refused a cursor, as there is one page', async () => {
    const cursor = 'abc';
    const { reads } = client;
    const refused = { code: -32602, data: { code: 'INVALID_PARAMS' } };
    await expect(reads.listPrompts({ cursor })).rejects.toMatchObject(refused);
    await expect(reads.listResources({ cursor })).rejects.toMatchObject(refused);
    await expect(reads.listResourceTemplates({ cursor })).rejects.toMatchObject(refused);
  });

  it('completes what it types', async () => {
    const complete = async (ref: Reference, name: string, value: string) =>
      (await client.reads.complete({ ref, argument: { name, value } })).completion;
    const chat = { type: 'ref/prompt', name: 'chat' } as const;
    expect(await complete(chat, 'model', 'SIM')).toMatchObject({
      values: expect.arrayContaining(['simulator-1']) as string[],
      hasMore: false,
    });
    expect(await complete(chat, 'thinking_mode', 'm')).toMatchObject({
      values: ['minimal', 'medium', 'max'],
      total: 3,
    });
    expect((await complete(chat, 'continuation_id', thread.slice(0, 8))).values).toEqual([thread]);
    expect((await complete(chat, 'prompt', 'x')).values).toEqual([]);
    const template = (uri: string) => ({ type: 'ref/resource', uri }) as const;
    expect((await complete(template('exai://threads/{id}'), 'id', '')).values).toEqual([thread]);
    expect((await complete(template('exai://calls/{id}'), 'id', call)).values).toEqual([call]);
    expect((await complete(template('exai://models/{id}'), 'id', 'simulator-1')).values[0]).toBe(
      'simulator-1',
    );
    const refused = { code: -32602, data: { code: 'INVALID_PARAMS' } };
    await expect(complete(chat, 'colour', '')).rejects.toMatchObject(refused);
    await expect(complete(template('exai://nothing/{id}'), 'id', '')).rejects.toMatchObject(refused);
  });
});

type Reference = Parameters<McpClient['reads']['complete']>[0]['ref'];

describe('what resources hold', () => {
  it('is what tools and REST tell the same caller', async () => {
    await as(owner(), async (client) => {
      const { structuredContent: listed } = await client.callTool('listmodels', {});
      expect(await read(client, 'exai://models')).toMatchObject({
        models: listed?.['models'],
        summary: listed?.['summary'],
      });
      const { structuredContent: status } = await client.callTool('status', {});
      const providers = await read(client, 'exai://providers/status');
      expect(providers).toMatchObject({ next_steps: status?.['next_steps'] });
      expect(Object.keys(providers['providers_health'] as object)).toEqual(
        Object.keys(status?.['providers_health'] as object),
      );
    });
    await as(owner(), async (client) => {
      expect(await read(client, `exai://calls/${call}`)).toEqual(await rest(`calls/${call}`));
      expect(await read(client, 'exai://threads')).toMatchObject({ threads: [{ continuation_id: thread }] });
      const { messages } = await read(client, `exai://threads/${thread}`);
      expect(messages).toMatchObject([
        { role: 'user', content: expect.stringContaining('remember this') as string },
        { role: 'assistant' },
      ]);
    });
  });

  it('finds a model by alias and by provider too', async () => {
    await as(owner(), async (client) => {
      expect(await read(client, 'exai://models/simulator%2Fsimulator-1')).toMatchObject({
        id: 'simulator-1',
      });
    });
  });

  it('says which models the token permits', async () => {
    const token = server.token({ subject: 'owner', claims: { models: ['kimi-k2.5'] } });
    await as(token, async (client) => {
      expect(await read(client, 'exai://models/simulator-1')).toMatchObject({ usable: false });
      const { completion } = await client.reads.complete({
        ref: { type: 'ref/prompt', name: 'chat' },
        argument: { name: 'model', value: 'simulator' },
      });
      expect(completion.values).not.toContain('simulator-1');
    });
  });
});

describe('a stranger', () => {
  it('finds nothing of another caller, in the words of what does not exist', async () => {
    await as(server.token({ subject: 'stranger' }), async ({ reads }) => {
      const nobody = '00000000-0000-4000-8000-000000000000';
      for (const [prefix, id] of [
        ['exai://threads/', thread],
        ['exai://calls/', call],
      ] as const) {
        const refusals = await Promise.all(
          [id, nobody].map((asked) =>
            reads
              .readResource({ uri: prefix + asked })
              .then(() => 'found')
              .catch((error: unknown) => String(error).replaceAll(asked, '<id>')),
          ),
        );
        expect(refusals[0]).not.toBe('found');
        expect(refusals[0]).toBe(refusals[1]);
        const { completion } = await reads.complete({
          ref: { type: 'ref/resource', uri: `${prefix}{id}` },
          argument: { name: 'id', value: '' },
        });
        expect(completion.values).toEqual([]);
      }
      const { contents } = await reads.readResource({ uri: 'exai://threads' });
      expect(contents).toMatchObject([{ text: '{"threads":[]}' }]);
    });
  });
});

describe('scopes', () => {
  const FORBIDDEN = { code: -31004, data: { code: 'FORBIDDEN' } };

  it('without calls:read neither conversations nor calls are shown, read or completed', async () => {
    await as(withScopes('tools:list', 'tools:call'), async ({ reads }) => {
      const uris = (await reads.listResources()).resources.map(({ uri }) => uri);
      expect(uris).toEqual(['exai://models', 'exai://providers/status']);
      const { resourceTemplates } = await reads.listResourceTemplates();
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['exai://models/{id}']);
      for (const uri of ['exai://threads', `exai://threads/${thread}`, `exai://calls/${call}`]) {
        await expect(reads.readResource({ uri })).rejects.toMatchObject(FORBIDDEN);
      }
      const ref = { type: 'ref/resource', uri: 'exai://calls/{id}' } as const;
      const argument = { name: 'id', value: '' };
      await expect(reads.complete({ ref, argument })).rejects.toMatchObject(FORBIDDEN);
      const { completion } = await reads.complete({
        ref: { type: 'ref/prompt', name: 'chat' },
        argument: { name: 'continuation_id', value: '' },
      });
      expect(completion.values).toEqual([]);
    });
  });

  it('models need tools:list, the providers the right to call status', async () => {
    await as(withScopes('calls:read', 'tools:call:chat'), async ({ reads }) => {
      const { resources } = await reads.listResources();
      expect(resources.map(({ uri }) => uri)).toEqual(['exai://threads']);
      for (const uri of ['exai://models', 'exai://models/simulator-1', 'exai://providers/status']) {
        await expect(reads.readResource({ uri })).rejects.toMatchObject(FORBIDDEN);
      }
      await expect(reads.listPrompts()).rejects.toMatchObject(FORBIDDEN);
    });
  });

  it('prompts are those of the tools that may be called', async () => {
    await as(withScopes('tools:list', 'tools:call:chat'), async ({ reads }) => {
      const { prompts } = await reads.listPrompts();
      expect(prompts.map(({ name }) => name)).toEqual(['chat', 'second-opinion']);
      await expect(reads.getPrompt({ name: 'panel', arguments: { proposal: 'x' } })).rejects.toMatchObject({
        code: -32602,
        data: { code: 'INVALID_PARAMS' },
      });
    });
  });

  it('without any of them there is nothing', async () => {
    await as(withScopes('files:read'), async ({ reads }) => {
      expect((await reads.listResources()).resources).toEqual([]);
      expect((await reads.listResourceTemplates()).resourceTemplates).toEqual([]);
    });
  });
});

describe('while the database is away', () => {
  let rig: Rig;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('there is no queue to run on');
    rig = await Rig.open(backend, { workers: 0, ownDatabaseServer: true });
  });

  afterAll(() => rig.close());

  it('models and providers are told, and of records that they cannot be had', async () => {
    const client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
    await rig.stopDatabase();
    expect(await read(client, 'exai://models/simulator-1')).toMatchObject({ id: 'simulator-1' });
    const { next_steps } = await read(client, 'exai://providers/status');
    expect(JSON.stringify(next_steps)).toContain('database');
    for (const uri of ['exai://threads', `exai://threads/${thread}`, `exai://calls/${call}`]) {
      await expect(client.reads.readResource({ uri })).rejects.toMatchObject({
        code: -31030,
        data: { code: 'STORE_UNAVAILABLE' },
      });
    }
    await client.close();
  });
});
