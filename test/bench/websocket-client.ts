import { WebSocket } from 'ws';
import { CLIENT, MODERN_META, type Era } from './eras.js';

export interface Reply {
  readonly id: number;
  readonly result?: {
    readonly isError?: boolean;
    readonly tools?: readonly unknown[];
    readonly content?: readonly { readonly text?: string }[];
    readonly structuredContent?: Readonly<Record<string, unknown>>;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** MCP over one WebSocket, as thin as it can be: hand-made JSON-RPC in frames of the `ws` package. */
export class McpSocket {
  /** Answers per request id: more than one would be an answer too many. */
  readonly answers = new Map<number, number>();
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private lastId = 0;

  private constructor(
    private readonly socket: WebSocket,
    private readonly era: Era,
  ) {
    socket.on('message', (data: Buffer) => this.receive(data));
    socket.on('error', () => undefined);
  }

  /** Opened and, in the 2025 era, initialised with revision 2025-11-25. */
  static async open(url: string, token: string, era: Era = '2025'): Promise<McpSocket> {
    const socket = new WebSocket(url, 'mcp', {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const client = new McpSocket(socket, era);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    if (era === '2026') return client;
    const { error } = await client.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: CLIENT,
    });
    if (error) throw new Error(`initialize: ${error.message}`);
    socket.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return client;
  }

  /** The answer, whatever it says. */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Reply> {
    return this.request('tools/call', { name: tool, arguments: args });
  }

  /** The tools as the server lists them. */
  list(): Promise<Reply> {
    return this.request('tools/list', {});
  }

  close(): void {
    this.socket.terminate();
  }

  private request(method: string, params: object): Promise<Reply> {
    const id = ++this.lastId;
    const sent = this.era === '2026' ? { ...params, _meta: MODERN_META } : params;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }), (error) => {
        if (error) reject(error);
      });
    });
  }

  private receive(data: Buffer): void {
    const reply = JSON.parse(data.toString()) as Reply;
    if (reply.id === undefined) return;
    this.answers.set(reply.id, (this.answers.get(reply.id) ?? 0) + 1);
    this.waiting.get(reply.id)?.(reply);
    this.waiting.delete(reply.id);
  }
}

/** @throws when the call was refused or failed */
export function mustSucceed({ result, error }: Reply): NonNullable<Reply['result']> {
  if (error) throw new Error(`JSON-RPC error ${error.code}: ${error.message}`);
  if (!result || result.isError) throw new Error(`The call failed: ${JSON.stringify(result?.content)}`);
  return result;
}
