import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ClientKind, type McpClient, type ToolResult } from '../harness/clients.js';
import { modernCall } from '../harness/modern-http.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

const KINDS: readonly ClientKind[] = ['v1', 'v2-default', 'v2-pinned'];
/** Leaves a call 1.25 s. */
const WITHIN = 'io.exai/answerWithinMs';
const SHORT = 1_500;
const LASTING = 3_000;

/** What a client gets that would not wait for the end of its call. */
describe('a client with a limit', () => {
  let server: Standalone;
  const open: McpClient[] = [];

  beforeAll(async () => {
    server = await startStandalone({ env: { TOOL_PROFILE: 'full' } });
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));
  afterAll(() => server.stop());

  const connected = async (...[kind, transport, name, shimEnv]: Parameters<typeof clientOf>) => {
    const client = await clientOf(kind, transport, name, shimEnv);
    open.push(client);
    return client;
  };
  function clientOf(
    kind: ClientKind,
    transport: 'http' | 'websocket' | 'stdio',
    name?: string,
    shimEnv?: Readonly<Record<string, string>>,
  ): Promise<McpClient> {
    const options = { ...(name !== undefined && { name }), ...(shimEnv && { shimEnv }) };
    return connect(kind, transport, server, server.token(), options);
  }
  const echo = (client: McpClient, message: string, meta: Record<string, unknown> = {}, ms = LASTING) =>
    client.callTool('test_echo', { message, delay_ms: ms }, { meta });
  const idOf = ({ _meta }: ToolResult) => String(_meta?.['io.exai/callId']);
  const collect = (client: McpClient, id: string) =>
    client.callTool('call_result', { call_id: id, wait_seconds: 20 });

  it.each(
    KINDS.flatMap((kind) =>
      (['http', 'websocket', 'stdio'] as const).map((transport) => [kind, transport] as const),
    ),
  )('gets the id of its call instead, and the answer later: %s over %s', async (kind, transport) => {
    const client = await connected(kind, transport);
    const first = await echo(client, 'lasting', { [WITHIN]: SHORT });
    expect(first.isError ?? false).toBe(false);
    expect(first.structuredContent).toMatchObject({
      status: 'in_progress',
      call_id: idOf(first),
      metadata: { tool_name: 'test_echo' },
    });
    expect(first.structuredContent?.['content']).toContain(
      `{"call_id": "${idOf(first)}", "wait_seconds": 1}`,
    );
    expect(JSON.parse(first.content[0]?.text ?? '')).toEqual(first.structuredContent);
    const answer = await collect(client, idOf(first));
    expect(answer.structuredContent).toMatchObject({
      status: 'success',
      content: 'lasting',
      call_state: 'COMPLETED',
    });
  });

  it('gets its answer when the call ends in time, and nothing but the deadline when that is sooner', async () => {
    const client = await connected('v2-pinned', 'http');
    expect((await echo(client, 'short', { [WITHIN]: SHORT }, 100)).structuredContent).toMatchObject({
      status: 'success',
      content: 'short',
    });
    const expired = await echo(client, 'late', { [WITHIN]: SHORT, 'io.exai/timeoutMs': 800 });
    expect(expired.structuredContent).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' } });
  });

  it('gets the id of the one call when it joins one, and ends that one for nobody', async () => {
    const client = await connected('v2-pinned', 'http');
    const key = { 'io.exai/idempotencyKey': randomUUID() };
    const whole = echo(client, 'joined', key);
    const joined = await echo(client, 'joined', { ...key, [WITHIN]: SHORT });
    expect(joined.structuredContent).toMatchObject({ status: 'in_progress' });
    expect((await whole).structuredContent).toMatchObject({ content: 'joined' });
    expect(idOf(joined)).toBe(idOf(await whole));
  });

  it.each([
    ['claude-ai', 'in_progress'],
    ['codex-mcp-client', 'in_progress'],
    ['somebody', 'in_progress'],
    ['claude-code', 'success'],
  ])('is known by its name: %s', async (name, status) => {
    const client = await connected('v2-default', 'websocket', name);
    const result = await echo(client, 'by name', { 'io.exai/waitedMs': 49_000 }, 2_500);
    expect(result.structuredContent).toMatchObject({ status });
  });

  it('needs none with progress, unless progress does not help it', async () => {
    const withProgress = async (name: string) => {
      const client = await connected('v2-default', 'http', name);
      const args = { message: 'x', delay_ms: 2_500 };
      const meta = { 'io.exai/waitedMs': 49_000 };
      return client.callTool('test_echo', args, { meta, onprogress: () => undefined });
    };
    expect((await withProgress('somebody')).structuredContent).toMatchObject({ status: 'success' });
    expect((await withProgress('claude-ai')).structuredContent).toMatchObject({ status: 'in_progress' });
  });

  it('is told to the shim in EXAI_CLIENT_DEADLINE_MS', async () => {
    const client = await connected('v1', 'stdio', 'claude-code', { EXAI_CLIENT_DEADLINE_MS: String(SHORT) });
    const first = await echo(client, 'through the shim');
    expect(first.structuredContent).toMatchObject({ status: 'in_progress' });
    expect((await collect(client, idOf(first))).structuredContent).toMatchObject({
      content: 'through the shim',
    });
  });

  it('gets a task when it knows tasks', async () => {
    const { result } = await modernCall(
      server,
      server.token(),
      'test_echo',
      { message: 'x', delay_ms: LASTING },
      {
        meta: { [WITHIN]: SHORT },
        capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
      },
    );
    expect(result).toMatchObject({ resultType: 'task', status: 'working' });
  });

  it('is refused a limit that is no time', async () => {
    const client = await connected('v2-default', 'http');
    await expect(echo(client, 'x', { [WITHIN]: 0 })).rejects.toMatchObject({ code: -32602 });
  });
});
