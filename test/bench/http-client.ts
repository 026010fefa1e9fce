import { CLIENT, MODERN_META, type Era } from './eras.js';
import { HttpConnection, type HttpReply } from './http-connection.js';
import { mustSucceed, type Reply } from './websocket-client.js';

const COMMON =
  'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nConnection: keep-alive\r\n';

/** Callers of one MCP client over HTTP: a connection each, in the 2025 era one session for all. */
export class McpHttpClient {
  private lastId = 0;

  private constructor(
    private readonly connections: readonly HttpConnection[],
    private readonly path: string,
    private readonly headers: string,
    private readonly meta: object | undefined,
  ) {}

  static async open(
    url: string,
    token: string | undefined,
    era: Era,
    tool: string | undefined,
    callers: number,
  ): Promise<McpHttpClient> {
    const connections = await Promise.all(Array.from({ length: callers }, () => HttpConnection.open(url)));
    const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
    const headers = COMMON + authorization;
    const path = new URL(url).pathname;
    if (era === '2026') {
      const method = tool === undefined ? 'tools/list' : `tools/call\r\nMcp-Name: ${tool}`;
      const modern = `MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ${method}\r\n`;
      return new McpHttpClient(connections, path, headers + modern, MODERN_META);
    }
    const session = await initialise(connections[0], path, headers);
    const legacy = `MCP-Protocol-Version: 2025-11-25\r\n${session}`;
    return new McpHttpClient(connections, path, headers + legacy, undefined);
  }

  async call(caller: number, tool: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    await this.request(caller, 'tools/call', { name: tool, arguments: args });
  }

  /** Asks for the tools. */
  async list(caller: number): Promise<void> {
    await this.request(caller, 'tools/list', {});
  }

  private async request(caller: number, method: string, params: object): Promise<void> {
    const connection = this.connections[caller];
    if (!connection) throw new Error(`There is no caller ${caller}.`);
    const sent = this.meta ? { ...params, _meta: this.meta } : params;
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++this.lastId, method, params: sent });
    mustSucceed(readReply(await connection.post(this.path, this.headers, body)));
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }
}

/** Header line that names the session, empty for a server without sessions. */
async function initialise(
  connection: HttpConnection | undefined,
  path: string,
  headers: string,
): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const reply = await connection?.post(path, headers, body);
  if (reply?.status !== 200) throw new Error(`initialize: HTTP ${reply?.status} ${reply?.body}`);
  const id = /\r\nmcp-session-id: (\S+)/.exec(reply.head)?.[1];
  const session = id === undefined ? '' : `Mcp-Session-Id: ${id}\r\n`;
  await connection?.post(
    path,
    `${headers}MCP-Protocol-Version: 2025-11-25\r\n${session}`,
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  );
  return session;
}

/** The JSON-RPC message of a JSON body, or of the event of an event stream that holds one. */
function readReply({ status, head, body }: HttpReply): Reply {
  if (status !== 200) throw new Error(`HTTP ${status}: ${body.slice(0, 300)}`);
  if (!head.includes('text/event-stream')) return JSON.parse(body) as Reply;
  // A stream may begin with an event that has an id and nothing else.
  const data = /^data: ?(\{.*)$/m.exec(body)?.[1];
  if (data === undefined) throw new Error(`An event stream without a message: ${body.slice(0, 300)}`);
  return JSON.parse(data) as Reply;
}
