// Process of its own: its processor time must not count as the server's, nor disturb the measuring process.
import { answerOrders } from './child-process.js';
import { closedLoop, type LoopOrder, type LoopResult } from './closed-loop.js';
import { type Era } from './eras.js';
import { McpHttpClient } from './http-client.js';
import { McpSocket, mustSucceed } from './websocket-client.js';

export interface LoadOrder extends LoopOrder {
  readonly transport: `${'websocket' | 'http'}-${Era}`;
  readonly url: string;
  readonly token?: string;
  /** Absent: the tools are listed, none is called. */
  readonly tool?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** One WebSocket session may have 320 calls open. */
const CALLERS_PER_SOCKET = 128;

async function load(order: LoadOrder): Promise<LoopResult> {
  const [transport, era] = order.transport.split('-') as ['websocket' | 'http', Era];
  return transport === 'websocket' ? loadSockets(order, era) : loadHttp(order, era);
}

async function loadSockets(order: LoadOrder, era: Era): Promise<LoopResult> {
  const { url, token = '', tool, args } = order;
  const count = Math.ceil(order.callers / CALLERS_PER_SOCKET);
  const sockets = await Promise.all(Array.from({ length: count }, () => McpSocket.open(url, token, era)));
  try {
    return await closedLoop(order, async (caller) => {
      const socket = sockets[caller % count] as McpSocket;
      mustSucceed(await (tool === undefined ? socket.list() : socket.call(tool, args)));
    });
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function loadHttp(order: LoadOrder, era: Era): Promise<LoopResult> {
  const { url, token, tool, args, callers } = order;
  const client = await McpHttpClient.open(url, token, era, tool, callers);
  try {
    return await closedLoop(order, (caller) =>
      tool === undefined ? client.list(caller) : client.call(caller, tool, args),
    );
  } finally {
    client.close();
  }
}

if (process.send) {
  answerOrders(load);
  process.send('ready');
}
