import { type ServerResponse } from 'node:http';
import { Exchange } from './exchange.js';
import { HttpReply } from './http-reply.js';
import { type Message, type OpenWire, type Wire } from './wire.js';

export const MODERN = '2026-07-28';

const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'conformance-bridge', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The one wire for all clients of the stateless revision. */
export class SharedConnection {
  private opening: Promise<{ wire: Wire; exchange: Exchange }> | undefined;

  constructor(private readonly openWire: OpenWire) {}

  async receive(message: Message, response: ServerResponse): Promise<void> {
    const { exchange } = await this.connection();
    if (message.method === undefined || message.id === undefined) {
      exchange.pass(message);
      response.writeHead(202).end();
      return;
    }
    const id = exchange.request(message, new HttpReply(response));
    // A client that closes its stream has no other way to say that it does not want the answer.
    response.once('close', () => exchange.cancel(id, { _meta: META }));
  }

  async close(): Promise<void> {
    await (await this.opening)?.wire.close();
  }

  private connection(): Promise<{ wire: Wire; exchange: Exchange }> {
    this.opening ??= this.open();
    return this.opening;
  }

  /**
   * The first request decides the revision of a wire, so it must be one that is beyond doubt: the suites also send
   * requests with faults. `server/discover` would not do, as it is what clients of both revisions ask first.
   */
  private async open(): Promise<{ wire: Wire; exchange: Exchange }> {
    const wire = await this.openWire();
    const exchange = new Exchange(wire, () => undefined);
    void wire.closed.then(() => {
      this.opening = undefined;
      exchange.giveUp('The connection to the server ended.');
    });
    await new Promise<void>((resolve) => {
      const message: Message = { jsonrpc: '2.0', id: 0, method: 'tools/list', params: { _meta: META } };
      exchange.request(message, { push: () => undefined, end: () => resolve() });
    });
    return { wire, exchange };
  }
}
