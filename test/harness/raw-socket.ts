import { once } from 'node:events';
import { WebSocket } from 'ws';
import { eventually } from './eventually.js';
import { bearer, rpc } from './http.js';
import { type Gateway } from './standalone.js';

export interface RpcAnswer {
  readonly id: number | string | null;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly code?: string };
  };
}

/** A WebSocket without an SDK: for what no well-behaved client sends. */
export class RawSocket {
  /** Everything received so far. */
  readonly messages: RpcAnswer[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as RpcAnswer));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static dial({ wsUrl }: Pick<Gateway, 'wsUrl'>, token: string): RawSocket {
    return new RawSocket(new WebSocket(wsUrl, 'mcp', { headers: bearer(token) }));
  }

  /** With whatever credential the address holds. */
  static async openAt(url: string): Promise<RawSocket> {
    const raw = new RawSocket(new WebSocket(url, 'mcp'));
    await once(raw.socket, 'open');
    return raw;
  }

  static async open(server: Pick<Gateway, 'wsUrl'>, token: string): Promise<RawSocket> {
    const raw = RawSocket.dial(server, token);
    await once(raw.socket, 'open');
    return raw;
  }

  /** Opens a socket and a session of the 2025 revisions on it. */
  static async initialized(server: Pick<Gateway, 'wsUrl'>, token: string): Promise<RawSocket> {
    const raw = await RawSocket.open(server, token);
    await raw.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'exai-tests', version: '1.0.0' },
    });
    raw.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return raw;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  private lastId = 0;

  async request(
    method: string,
    params: Record<string, unknown> = {},
    timeoutMs = 20_000,
  ): Promise<RpcAnswer> {
    this.lastId += 1;
    const id = this.lastId;
    this.send(rpc(method, params, id));
    return this.answer(id, timeoutMs);
  }

  callTool(name: string, args: Record<string, unknown>, meta?: Record<string, unknown>): Promise<RpcAnswer> {
    return this.request('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) }, 60_000);
  }

  answer(id: number | string | null, timeoutMs = 20_000): Promise<RpcAnswer> {
    return eventually(() => this.messages.find((message) => message.id === id), `answer ${id}`, {
      timeoutMs,
      everyMs: 10,
    });
  }

  close(): Promise<unknown> {
    this.socket.close();
    return this.closed;
  }
}
