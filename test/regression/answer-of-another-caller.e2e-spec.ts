import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type ToolResult } from '../harness/clients.js';
import { rpc } from '../harness/http.js';
import { RawSocket, type RpcAnswer } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-04, D-06: calls were told apart by a request id that several callers shared, and cached across users. */
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

const contentOf = ({ result }: RpcAnswer) => (result as unknown as ToolResult).structuredContent?.['content'];

it('request ids of different sockets never meet, however equal they are', async () => {
  const users = Array.from({ length: 10 }, (_, index) => `user-${index}`);
  const sockets = await Promise.all(
    users.map((subject) => RawSocket.initialized(server, server.token({ subject }))),
  );
  const answers = await Promise.all(
    sockets.map((socket, index) => {
      const args = { prompt: `[[sim: latency(${(index % 3) * 50}), echo]] for ${users[index]}` };
      socket.send(rpc('tools/call', { name: 'chat', arguments: args }, 'the-only-id'));
      return socket.answer('the-only-id');
    }),
  );
  expect(answers.map(contentOf)).toEqual(users.map((user) => `for ${user}`));
  await Promise.all(sockets.map((socket) => socket.close()));
});

it('the same question of two users is asked twice', async () => {
  const [ann, ben] = await Promise.all(
    ['ann', 'ben'].map((subject) => connect('v2-default', 'http', server, server.token({ subject }))),
  );
  const before = (await simulator.requests()).length;
  for (const client of [ann, ben, ann]) await client?.callTool('chat', { prompt: '[[sim: ok]] same words' });
  expect(await simulator.requests()).toHaveLength(before + 3);
  await Promise.all([ann?.close(), ben?.close()]);
});

it('conversations of one tool run side by side without mixing', async () => {
  const client = await connect('v2-default', 'websocket', server);
  const ask = async (prompt: string, thread?: string) => {
    const result = await client.callTool('chat', { prompt, ...(thread && { continuation_id: thread }) });
    const offer = result.structuredContent?.['continuation_offer'] as { continuation_id: string };
    return { content: String(result.structuredContent?.['content']), thread: offer.continuation_id };
  };
  const names = Array.from({ length: 10 }, (_, index) => `thread ${index}`);
  const first = await Promise.all(names.map((name) => ask(`[[sim: ok]] ${name}`)));
  expect(new Set(first.map(({ thread }) => thread)).size).toBe(10);
  const second = await Promise.all(
    first.map(({ thread }, index) => ask(`[[sim: ok]] again ${names[index]}`, thread)),
  );
  for (const [index, { content, thread }] of second.entries()) {
    expect(content).toContain(`again ${names[index]}`);
    expect(content).toContain('Earlier turns seen: 2.');
    expect(thread).toBe(first[index]?.thread);
  }
  await client.close();
});
