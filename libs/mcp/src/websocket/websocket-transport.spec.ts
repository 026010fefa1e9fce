import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/harness/eventually.js';
import { openSocketPair, type SocketPair } from '../../../../test/harness/socket-pair.js';
import { FrameRate } from './frame-rate.js';
import { WebSocketTransport } from './websocket-transport.js';

let pair: SocketPair;
let transport: WebSocketTransport;
let refused: string[];
let received: unknown[];

beforeEach(async () => {
  pair = await openSocketPair();
  refused = [];
  received = [];
  transport = new WebSocketTransport(pair.socket, {
    id: 'one',
    stream: pair.stream,
    messageRate: new FrameRate(0),
    onRefused: ({ code }) => refused.push(code),
  });
  transport.onmessage = (message) => received.push(message);
});

afterEach(() => pair.close());

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const closeOf = async (): Promise<[number, string]> => {
  const [code, reason] = (await once(pair.client, 'close')) as [number, Buffer];
  return [code, reason.toString()];
};

describe('the transport of a socket', () => {
  it('closes with 1011 when what it hands a message to throws, and the process lives on', async () => {
    transport.onmessage = () => {
      throw new Error('a bug');
    };
    pair.client.send(JSON.stringify(PING));
    expect(await closeOf()).toEqual([1011, 'internal error']);
  });

  it('closes with 1000 when the server has no more to say', async () => {
    void transport.close();
    expect((await closeOf())[0]).toBe(1000);
  });

  it('reports each frame that it refuses', async () => {
    for (const frame of ['{', '[]', JSON.stringify(PING), JSON.stringify(PING)]) pair.client.send(frame);
    await eventually(() => refused.length === 3, 'three are refused');
    expect(refused).toEqual(['PARSE_ERROR', 'INVALID_REQUEST', 'INVALID_REQUEST']);
    expect(received).toEqual([PING]);
  });

  it('reads nothing behind its own close frame', async () => {
    pair.client.send(Buffer.from('binary'));
    pair.client.send(JSON.stringify(PING));
    expect((await closeOf())[0]).toBe(1003);
    expect(received).toEqual([]);
  });
});
