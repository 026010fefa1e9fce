import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { Bridge } from '../../apps/stdio/src/bridge.js';
import { LinkKeeper } from '../../apps/stdio/src/link-keeper.js';

export interface Wire {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Record<string, unknown>;
  };
}

const cleanups: (() => void)[] = [];

/** Ends what the tests so far have opened. */
export function cleanUp(): void {
  for (const cleanup of cleanups.splice(0)) cleanup();
}

/** A gateway that records what it hears and answers when it is told to. */
export class FakeGateway {
  readonly heard: Wire[] = [];
  readonly tokens: (string | undefined)[] = [];
  refuseWith: { status: number; body: unknown; onlyToken?: string } | undefined;
  private readonly http: Server;
  private readonly sockets: WebSocket[] = [];

  constructor(readonly answer: (message: Wire, socket: WebSocket) => void) {
    const wss = new WebSocketServer({ noServer: true, handleProtocols: () => 'mcp' });
    this.http = createServer().on('upgrade', (request, socket, head) => {
      const token = request.headers.authorization?.replace('Bearer ', '');
      this.tokens.push(token);
      const { refuseWith } = this;
      if (refuseWith && (refuseWith.onlyToken === undefined || refuseWith.onlyToken === token)) {
        const body = JSON.stringify(refuseWith.body);
        socket.end(
          `HTTP/1.1 ${refuseWith.status} No\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        return;
      }
      wss.handleUpgrade(request, socket, head, (webSocket) => {
        this.sockets.push(webSocket);
        webSocket.on('message', (data: Buffer) => {
          const message = JSON.parse(data.toString()) as Wire;
          this.heard.push(message);
          this.answer(message, webSocket);
        });
      });
    });
    cleanups.push(() => {
      this.drop();
      this.http.close();
    });
  }

  async listen(port = 0): Promise<number> {
    this.http.listen(port, '127.0.0.1');
    await once(this.http, 'listening');
    return (this.http.address() as AddressInfo).port;
  }

  /** Sockets die as with a killed process. */
  drop(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }

  send(text: string): void {
    this.sockets.at(-1)?.send(text);
  }

  methods(): string[] {
    return this.heard.map(({ method }) => method ?? 'response');
  }
}

/** A shim without its pipes: what it writes, and how a client speaks to it. */
export function client(
  port: number,
  options: { token?: () => string; earlyAnswerMs?: number; answerWithinMs?: number } = {},
) {
  const lines: Wire[] = [];
  const texts: string[] = [];
  const bridge = new Bridge({
    write: (line) => {
      texts.push(line);
      lines.push(JSON.parse(line) as Wire);
    },
    maxMessageBytes: 2_000,
    maxCallMs: 60_000,
    answerWithinMs: options.answerWithinMs,
    earlyAnswerMs: options.earlyAnswerMs,
    log: () => undefined,
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const keeper = new LinkKeeper({
    bridge,
    address: {
      baseUrl,
      mcpUrl: `${baseUrl}/mcp`,
      wsUrl: `ws://127.0.0.1:${port}/ws`,
      isDefault: false,
      isLoopback: true,
    },
    readToken: options.token ?? (() => 'token'),
    log: () => undefined,
  });
  cleanups.push(() => void keeper.stop());
  const say = (message: object) => {
    bridge.receive(JSON.stringify({ jsonrpc: '2.0', ...message }));
    keeper.nudge();
  };
  const answerTo = (id: number | string | null) =>
    vi.waitFor(
      () => {
        const found = lines.find((line) => line.id === id && line.method === undefined);
        if (!found) throw new Error(`no answer to ${String(id)}`);
        return found;
      },
      { timeout: 8_000 },
    );
  return { bridge, keeper, lines, texts, say, answerTo };
}

export const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'spec', version: '1' } },
};

/** Answers every request but `tools/call slow`. */
export function friendly(message: Wire, socket: WebSocket): void {
  if (message.id === undefined || message.method === undefined || message.params?.['name'] === 'slow') return;
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { echo: message.method } }));
}

export async function pair(answer = friendly) {
  const gateway = new FakeGateway(answer);
  return { gateway, ...client(await gateway.listen()) };
}
