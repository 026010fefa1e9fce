import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ClientSession } from './client-session.js';
import { MODERN, SharedConnection } from './shared-connection.js';
import { type Message, type OpenWire } from './wire.js';

export interface Bridge {
  /** For the suites, with path. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Streamable HTTP in front of another transport: the suites speak HTTP only. Messages pass unchanged, but for ids and
 * progress tokens; nothing of HTTP itself is tested through it.
 * @param openWire for each session of a 2025 revision, and once for all clients of the stateless one
 */
export async function startBridge(openWire: OpenWire): Promise<Bridge> {
  const routes = new BridgeRoutes(openWire);
  const server = createServer((request, response) => {
    routes.handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: async () => {
      server.close();
      await routes.close();
      server.closeAllConnections();
    },
  };
}

class BridgeRoutes {
  private readonly sessions = new Map<string, ClientSession>();
  private readonly shared: SharedConnection;

  constructor(private readonly openWire: OpenWire) {
    this.shared = new SharedConnection(openWire);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const message = JSON.parse(await text(request)) as Message;
      return isModern(request, message)
        ? this.shared.receive(message, response)
        : this.legacy(request, response, message);
    }
    const id = String(request.headers['mcp-session-id']);
    const session = this.sessions.get(id);
    if (!session) return void response.writeHead(404).end();
    if (request.method === 'GET') return session.listen(response);
    this.sessions.delete(id);
    await session.close();
    response.writeHead(200).end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.close()));
    await this.shared.close();
  }

  private async legacy(request: IncomingMessage, response: ServerResponse, message: Message): Promise<void> {
    if (message.method === 'initialize') {
      const id = randomUUID();
      const session = new ClientSession(await this.openWire());
      this.sessions.set(id, session);
      response.setHeader('Mcp-Session-Id', id);
      return session.receive(message, response);
    }
    const session = this.sessions.get(String(request.headers['mcp-session-id']));
    if (session) session.receive(message, response);
    else response.writeHead(404).end();
  }
}

function isModern(request: IncomingMessage, { params }: Message): boolean {
  const version = params?._meta?.['io.modelcontextprotocol/protocolVersion'];
  return version !== undefined || request.headers['mcp-protocol-version'] === MODERN;
}
