import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type Message, type Wire } from './wire.js';

/** @param url with path */
export async function openWebSocketWire(url: string): Promise<Wire> {
  const socket = new WebSocket(url, ['mcp']);
  await once(socket, 'open');
  const closed = once(socket, 'close').then(() => undefined);
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    onMessage: (listener) =>
      socket.on('message', (data: Buffer) => listener(JSON.parse(data.toString('utf8')) as Message)),
    closed,
    close: async () => {
      socket.close();
      await closed;
    },
  };
}
