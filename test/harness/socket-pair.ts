import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';

export interface SocketPair {
  /** The server's end and the connection below it. */
  readonly socket: WebSocket;
  readonly stream: Duplex;
  readonly client: WebSocket;
  close(): Promise<void>;
}

/** Two ends of a real WebSocket; the server end answers no ping by itself, as in the gateway. */
export async function openSocketPair(options: ClientOptions = {}): Promise<SocketPair> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, autoPong: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket, IncomingMessage]>;
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, options);
  const [[socket, request]] = await Promise.all([accepted, once(client, 'open')]);
  return {
    socket,
    stream: request.socket,
    client,
    close: async () => {
      for (const end of [client, socket]) end.terminate();
      const closed = once(http, 'close');
      http.close();
      server.close();
      await closed;
    },
  };
}
