import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawSocket } from '../harness/raw-socket.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** D-07: the socket echoed what it did not know, invented tools and claimed one fixed revision. */
let server: Standalone;

beforeAll(async () => {
  server = await startStandalone();
});

afterAll(() => server.stop());

it('an unknown method is an error, an unknown notification is nothing', async () => {
  const socket = await RawSocket.initialized(server, server.token());
  const before = socket.messages.length;
  socket.send({ jsonrpc: '2.0', method: 'notifications/unheard-of', params: { secret: 'echo me' } });
  socket.send({ jsonrpc: '2.0', id: 'unasked', result: { secret: 'echo me' } });
  expect(await socket.request('tools/invent', { secret: 'echo me' })).toMatchObject({
    error: { code: -32601 },
  });
  expect(socket.messages).toHaveLength(before + 1);
  expect(JSON.stringify(socket.messages)).not.toContain('echo me');
  await socket.close();
});

it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'a client of %s is answered in its revision',
  async (protocolVersion) => {
    const socket = await RawSocket.open(server, server.token());
    const { result } = await socket.request('initialize', {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'exai-tests', version: '1.0.0' },
    });
    expect(result).toMatchObject({ protocolVersion, serverInfo: { name: 'exai-mcp' } });
    await socket.close();
  },
);

it('a client of an unknown revision gets the newest one with a handshake', async () => {
  const socket = await RawSocket.open(server, server.token());
  const { result } = await socket.request('initialize', {
    protocolVersion: '1999-12-31',
    capabilities: {},
    clientInfo: { name: 'exai-tests', version: '1.0.0' },
  });
  expect(result).toMatchObject({ protocolVersion: '2025-11-25' });
  await socket.close();
});
