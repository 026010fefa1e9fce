import { CLIENT_FILES_META } from '#libs/file-access';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Bridge } from './bridge.js';
import { ClientFileSender } from './files/client-file-sender.js';
import { type GatewayLink } from './gateway-link.js';

interface Wire {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> };
  readonly result?: { readonly isError?: boolean; readonly structuredContent?: unknown };
}

const root = realpathSync(mkdtempSync(join(tmpdir(), 'exai-bridge-')));
const file = join(root, 'a.txt');

beforeAll(() => writeFileSync(file, 'content of a'));
afterAll(() => rmSync(root, { recursive: true }));

/** The bridge of a client whose files are read here, with what left it in both directions. */
function start() {
  const sent: string[] = [];
  const written: string[] = [];
  let nudges = 0;
  const bridge = new Bridge({
    write: (line) => void written.push(line),
    maxMessageBytes: 100_000,
    maxCallMs: 60_000,
    files: new ClientFileSender({
      config: { files: { roots: [root] }, server: { dataDir: join(root, 'data') } },
      denied: [],
      maxMessageBytes: 100_000,
      log: () => undefined,
    }),
    onWaiting: () => (nudges += 1),
    log: () => undefined,
  });
  const link: GatewayLink = {
    closed: new Promise(() => undefined),
    backlog: 0,
    send: (text) => void sent.push(text),
    whenTaken: () => undefined,
    close: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  const say = (message: object) => bridge.receive(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const call = (id: number, args: object) =>
    say({ id, method: 'tools/call', params: { name: 'chat', arguments: args } });
  const messages = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Wire);
  const answer = (id: number, structuredContent: object) =>
    bridge.deliver(JSON.stringify({ jsonrpc: '2.0', id, result: { structuredContent } }));
  return { bridge, link, sent, written, call, say, messages, answer, nudges: () => nudges };
}

describe('calls that take files along', () => {
  it('are sent with them, and what is no call travels verbatim and at once', async () => {
    const { bridge, link, sent, call, messages } = start();
    bridge.attach(link);
    call(1, { files: [file] });
    const ping = '{"jsonrpc":"2.0", "id":2,"method":"ping"}';
    bridge.receive(ping);
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[0]).toBe(ping);
    expect(messages(sent)[1]?.params?._meta?.[CLIENT_FILES_META]).toMatchObject({
      files: [{ path: file, content: 'content of a' }],
    });
  });

  it('wait for a gateway that is away, and it is looked for', async () => {
    const { bridge, link, sent, call, nudges } = start();
    call(1, { files: [file] });
    await vi.waitFor(() => expect(bridge.hasWaiting).toBe(true));
    expect(nudges()).toBe(1);
    bridge.attach(link);
    expect(sent).toHaveLength(1);
  });

  it('are answered here when a file may not be read, once and without the gateway', async () => {
    const { bridge, link, sent, written, call, messages } = start();
    bridge.attach(link);
    call(1, { files: [join(root, '../outside')] });
    await vi.waitFor(() => expect(written).toHaveLength(1));
    expect(messages(written)[0]).toMatchObject({
      id: 1,
      result: { isError: true, structuredContent: { status: 'error', error: { code: 'FILE_DENIED' } } },
    });
    expect(sent).toEqual([]);
    await bridge.whenIdle();
  });

  it('are not sent when they were cancelled while their files were read', async () => {
    const { bridge, link, sent, written, call, say } = start();
    bridge.attach(link);
    call(1, { files: [file] });
    say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    call(2, { files: [file] });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toContain('"id":2');
    expect(written).toEqual([]);
  });

  it('are waited for at the end of the client', async () => {
    const { bridge, link, sent, call, answer } = start();
    bridge.attach(link);
    call(1, { files: [file] });
    let idle = false;
    const whenIdle = bridge.whenIdle().then(() => (idle = true));
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(idle).toBe(false);
    answer(1, {});
    await whenIdle;
  });

  it('bring back the files of their thread, which the first answer names', async () => {
    const { bridge, link, sent, call, answer, messages } = start();
    bridge.attach(link);
    call(1, { files: [file] });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    answer(1, { continuation_id: 'thread' });
    call(2, { continuation_id: 'thread' });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(messages(sent)[1]?.params?._meta?.[CLIENT_FILES_META]).toMatchObject({
      files: [{ path: file, content: 'content of a' }],
    });
  });
});
