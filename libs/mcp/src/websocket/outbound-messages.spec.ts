import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type JSONRPCMessage } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/harness/eventually.js';
import { openSocketPair, type SocketPair } from '../../../../test/harness/socket-pair.js';
import { OutboundMessages } from './outbound-messages.js';
import { WEBSOCKET_LIMITS } from './websocket-limits.js';

const { slowReaderBytes, tooSlowReaderBytes } = WEBSOCKET_LIMITS;
const LARGE = 'x'.repeat(512 * 1_024);

interface Received {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly progressToken?: string; readonly progress?: number; readonly pad?: string };
}

let pair: SocketPair;
let outbound: OutboundMessages;
let received: Received[];
let lastId: number;

beforeEach(async () => {
  pair = await openSocketPair();
  outbound = new OutboundMessages(pair.socket, pair.stream);
  received = [];
  lastId = 0;
  pair.client.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as Received));
});

afterEach(() => pair.close());

const notification = (method: string, params: Record<string, unknown> = {}): JSONRPCMessage => ({
  jsonrpc: '2.0',
  method,
  params,
});
const progress = (progressToken: string, value: number) =>
  notification('notifications/progress', { progressToken, progress: value });
const answer = (): JSONRPCMessage => ({ jsonrpc: '2.0', id: (lastId += 1), result: { pad: LARGE } });

/** Sends answers to a client that does not read, until so many bytes stay behind. */
async function fillAbove(bytes: number): Promise<void> {
  pair.client.pause();
  for (let turns = 0; turns < 3;) {
    if (pair.socket.bufferedAmount > bytes) turns += 1;
    else await outbound.send(answer());
    // The system takes what it still can.
    await nextTurn();
  }
}

const progressOf = (token: string) =>
  received.filter(({ params }) => params?.progressToken === token).map(({ params }) => params?.progress);

describe('a client that reads slowly', () => {
  it('gets the newest progress of each token and no log messages, once it reads again', async () => {
    await fillAbove(slowReaderBytes);
    for (const value of [1, 2, 3]) await outbound.send(progress('a', value));
    await outbound.send(progress('b', 7));
    await outbound.send(notification('notifications/message', { level: 'info', data: 'dropped' }));
    await outbound.send(notification('notifications/tools/list_changed'));
    pair.client.resume();
    await eventually(() => received.some(({ params }) => params?.progressToken === 'b'), 'it reads again');
    expect([progressOf('a'), progressOf('b')]).toEqual([[3], [7]]);
    const methods = received.map(({ method }) => method);
    expect(methods).not.toContain('notifications/message');
    expect(methods).toContain('notifications/tools/list_changed');
  });

  it('gets held progress before the next answer, never behind it', async () => {
    await fillAbove(slowReaderBytes);
    await outbound.send(progress('a', 5));
    const { id } = answer() as { id: number };
    await outbound.send({ jsonrpc: '2.0', id, result: {} });
    pair.client.resume();
    await eventually(() => received.some((message) => message.id === id), 'the answer arrives');
    const order = received.slice(-2).map(({ id: of, method }) => of ?? method);
    expect(order).toEqual(['notifications/progress', id]);
  });

  it('gets no held progress of before a cancel', async () => {
    await fillAbove(slowReaderBytes);
    await outbound.send(progress('a', 5));
    outbound.dropHeldProgress();
    await outbound.send({ jsonrpc: '2.0', id: 9_999, result: {} });
    pair.client.resume();
    await eventually(() => received.some(({ id }) => id === 9_999), 'the answer arrives');
    expect(progressOf('a')).toEqual([]);
  });

  it('is closed with 1013 when too much waits for it', async () => {
    await fillAbove(tooSlowReaderBytes);
    await expect(outbound.send(answer())).rejects.toThrow('does not read');
    pair.client.resume();
    const [code, reason] = (await once(pair.client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1013, 'slow reader']);
    await expect(outbound.send(answer())).rejects.toThrow('closed');
  });
});

it('a client that reads gets everything in order', async () => {
  for (const value of [1, 2, 3]) await outbound.send(progress('a', value));
  await outbound.send(notification('notifications/message', { level: 'info', data: 'kept' }));
  await outbound.send(answer());
  await eventually(() => received.length === 5, 'everything arrives');
  expect(progressOf('a')).toEqual([1, 2, 3]);
});
