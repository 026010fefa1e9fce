import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Gateway } from './standalone.js';

export interface Balancer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Requests that each gateway got, in their order. */
  readonly requests: readonly number[];
  close(): void;
}

/** One address for several gateways: each request goes to the next of them, whatever connection it came on. */
export async function balance(gateways: readonly Pick<Gateway, 'url'>[]): Promise<Balancer> {
  const requests = gateways.map(() => 0);
  let next = 0;
  const server = createServer((incoming, outgoing) => {
    const turn = next++ % gateways.length;
    requests[turn] = (requests[turn] ?? 0) + 1;
    forward(incoming, outgoing, gateways[turn]?.url ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, gateway: string): void {
  const { method, headers, url = '/' } = incoming;
  const onward = request(new URL(url, gateway), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.once('close', () => onward.destroy());
  incoming.pipe(onward);
}
