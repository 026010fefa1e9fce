import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP link to a gateway that can be cut: both ends see a reset, as when a network goes away. */
export class CuttableLink {
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    private readonly server: ReturnType<typeof createServer>,
    private target: URL,
  ) {}

  static async to(url: string): Promise<CuttableLink> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const link = new CuttableLink((server.address() as AddressInfo).port, server, new URL(url));
    server.on('connection', (client) => {
      const gateway = connect(Number(link.target.port), link.target.hostname);
      link.join(client, gateway);
      link.join(gateway, client);
    });
    return link;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From the next connection on it leads to another gateway. */
  turnTo(url: string): void {
    this.target = new URL(url);
  }

  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.pipe(to);
    from.once('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    from.on('error', () => undefined);
  }
}
