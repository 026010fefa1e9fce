import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** One request as it came over the wire. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: unknown;
  readonly socket: Socket;
}

export type Reply = (response: ServerResponse, request: Received) => void;

/** A vendor that says what the test wants it to say, over a real socket. */
export class DialectServer {
  readonly received: Received[] = [];
  reply: Reply = (response) => void response.end();
  private readonly server: Server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { method = '', url = '', headers, socket } = incoming;
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const request = { method, url, headers, text, body, socket };
      this.received.push(request);
      this.reply(response, request);
    });
  });

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get first(): Received {
    const [request] = this.received;
    if (!request) throw new Error('nothing was received');
    return request;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function json(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export function stream(events: readonly (string | Buffer)[], end = true): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(event);
    if (end) response.end();
  };
}

/** Writes without an end, as fast as the other side reads. */
export function endless(piece: string, contentType: string, status = 200): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': contentType });
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', write);
    write();
  };
}

/** An address whose host completes no connection: its queue is full and nobody takes anything out of it. */
export async function startDeafHost(): Promise<{ origin: string; stop(): void }> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const fillers = Array.from({ length: 4 }, () => {
    const socket = connect(Number(port.toString()), '127.0.0.1');
    return socket.on('error', () => undefined);
  });
  // The system completes the connections it has room for; the rest hang from then on.
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    origin: `http://127.0.0.1:${port.toString()}`,
    stop() {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
