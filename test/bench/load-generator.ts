// Process of its own: its processor time must not count as the server's, nor disturb the measuring process.
import { answerOrders } from './child-process.js';
import { closedLoop, type LoopOrder, type LoopResult } from './closed-loop.js';
import { McpHttpClient, type Era } from './http-client.js';
import { McpSocket, mustSucceed } from './websocket-client.js';

export interface LoadOrder extends LoopOrder {
  readonly transport: 'websocket' | `http-${Era}`;
  readonly url: string;
  readonly token?: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** One WebSocket session may have 320 calls open. */
const CALLERS_PER_SOCKET = 128;

async function load(order: LoadOrder): Promise<LoopResult> {
  return order.transport === 'websocket' ? loadSockets(order) : loadHttp(order);
}

async function loadSockets(order: LoadOrder): Promise<LoopResult> {
  const count = Math.ceil(order.callers / CALLERS_PER_SOCKET);
  const sockets = await Promise.all(
    Array.from({ length: count }, () => McpSocket.open(order.url, order.token ?? '')),
  );
  try {
    return await closedLoop(order, async (caller) => {
      const socket = sockets[caller % count] as McpSocket;
      mustSucceed(await socket.call(order.tool, order.args));
    });
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function loadHttp(order: LoadOrder): Promise<LoopResult> {
  const era = order.transport === 'http-2025' ? '2025' : '2026';
  const client = await McpHttpClient.open(order.url, order.token, era, order.tool, order.callers);
  try {
    return await closedLoop(order, (caller) => client.call(caller, order.tool, order.args));
  } finally {
    client.close();
  }
}

if (process.send) {
  answerOrders(load);
  process.send('ready');
}
