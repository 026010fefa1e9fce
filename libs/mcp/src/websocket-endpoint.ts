import { type Principal } from '#libs/auth';
import { Metrics } from '#libs/observability';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type WebSocket } from 'ws';
import { McpServerFactory } from './mcp-server-factory.js';
import { WebSocketTransport } from './websocket-transport.js';

const PING_EVERY_MS = 20_000;
const MISSED_PONGS = 2;
/** A token may be used a little longer than it says, as everywhere. */
const EXPIRY_GRACE_MS = 30_000;
/** setTimeout counts in 32 bits; a longer wait would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** MCP over WebSocket, both protocol eras: the first message decides. */
@Injectable()
export class McpWebSocketEndpoint {
  private readonly sockets = new Set<WebSocket>();

  constructor(
    private readonly servers: McpServerFactory,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(McpWebSocketEndpoint.name);
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** Must be called in the turn in which the socket opened, before its first frame can arrive. */
  serve(socket: WebSocket, stream: Duplex, principal: Principal): void {
    const transport = new WebSocketTransport(socket, stream);
    const connection = {
      id: uuidv7(),
      principal,
      transport: 'websocket' as const,
      // A lost socket is no cancel: the call runs on and its answer is kept.
      endCancels: () => false,
      isWritable: () => transport.isWritable,
    };
    serveStdio(() => this.servers.create(connection), {
      transport,
      onerror: (error) => this.logger.debug({ err: error, connection: connection.id }, 'websocket'),
    });
    this.watch(socket, principal);
  }

  /** Ends every socket with `code`; clients take 1012 as "reconnect at once". */
  closeAll(code: number, reason: string): void {
    for (const socket of this.sockets) socket.close(code, reason);
  }

  private watch(socket: WebSocket, principal: Principal): void {
    this.sockets.add(socket);
    this.metrics.connections.inc({ transport: 'websocket' });
    let missed = 0;
    socket.on('pong', () => (missed = 0));
    const ping = setInterval(() => {
      if (missed >= MISSED_PONGS) socket.terminate();
      missed += 1;
      socket.ping();
    }, PING_EVERY_MS);
    const lifeMs = principal.expiresAt * 1_000 - Date.now() + EXPIRY_GRACE_MS;
    const expiry =
      lifeMs < LONGEST_TIMER_MS ? setTimeout(() => socket.close(4401, 'token expired'), lifeMs) : undefined;
    socket.once('close', (code) => {
      clearInterval(ping);
      clearTimeout(expiry);
      this.sockets.delete(socket);
      this.metrics.connections.dec({ transport: 'websocket' });
      this.metrics.connectionsClosed.inc({ transport: 'websocket', code: closeLabel(code) });
    });
  }
}

/** A peer may send any number; the label list stays closed. */
function closeLabel(code: number): string {
  return [1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 4401].includes(code)
    ? String(code)
    : 'other';
}
