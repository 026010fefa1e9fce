import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** PEM texts. */
export interface TlsCertificate {
  /** The certificate, and below it those that lead to the authority. */
  readonly cert: string;
  readonly key: string;
}

export interface SocketCounts {
  readonly open: number;
  /** Since the start. */
  readonly opened: number;
  readonly peak: number;
}

// Longer than any client keeps an idle connection: a close from our side would race with its next request.
const KEEP_ALIVE_MS = 120_000;
const BACKLOG = 1024;
const REOPEN_PAUSE_MS = 20;
const CLOSE_LIMIT_MS = 500;

/** The port: opens it, closes it for a while, and knows the connections that came through it. */
export class Listener {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly counts = { opened: 0, peak: 0 };
  private address: { readonly host: string; readonly port: number } | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(handle: RequestListener, tls?: TlsCertificate) {
    this.server = tls ? createSecureServer({ cert: tls.cert, key: tls.key }, handle) : createServer(handle);
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.server.on('connection', (socket: Socket) => this.track(socket));
  }

  /** Rejects when the port is taken. Returns the port. */
  async open(host: string, port: number): Promise<number> {
    this.server.listen({ host, port, backlog: BACKLOG });
    await once(this.server, 'listening');
    this.address = { host, port: (this.server.address() as AddressInfo).port };
    return this.address.port;
  }

  get isOpen(): boolean {
    return this.server.listening;
  }

  /** Accepts no further connection and ends the idle ones; requests under way go on. */
  closePort(forMs?: number): void {
    if (this.isOpen) this.server.close();
    clearTimeout(this.reopening);
    if (forMs !== undefined) this.reopening = setTimeout(() => void this.reopenPort(), forMs);
  }

  /** The same port again; waits while somebody else holds it. */
  async reopenPort(): Promise<void> {
    clearTimeout(this.reopening);
    while (this.address && !this.isClosed && !this.isOpen) {
      try {
        await this.open(this.address.host, this.address.port);
      } catch {
        await wait(REOPEN_PAUSE_MS);
      }
    }
  }

  severAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.reopening);
    const gone = this.isOpen || this.sockets.size > 0 ? once(this.server, 'close') : undefined;
    this.closePort();
    this.severAll();
    await Promise.race([gone, wait(CLOSE_LIMIT_MS, undefined, { ref: false })]);
  }

  /** RST instead of FIN. Only a bare socket can, so for TLS it is looked for beneath. */
  reset(socket: Socket): void {
    const bare = this.sockets.has(socket) ? socket : this.beneath(socket);
    if (bare) bare.resetAndDestroy();
    else socket.destroy();
  }

  /** @param except the connection that asks, which would otherwise always count itself */
  countSockets(except?: Socket): SocketCounts {
    return { open: this.sockets.size - (except ? 1 : 0), ...this.counts };
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    this.counts.opened += 1;
    this.counts.peak = Math.max(this.counts.peak, this.sockets.size);
    socket.once('close', () => this.sockets.delete(socket));
  }

  private beneath(socket: Socket): Socket | undefined {
    return [...this.sockets].find(
      ({ remotePort, remoteAddress }) =>
        remotePort === socket.remotePort && remoteAddress === socket.remoteAddress,
    );
  }
}
