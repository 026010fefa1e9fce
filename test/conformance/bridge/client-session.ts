import { type ServerResponse } from 'node:http';
import { Exchange } from './exchange.js';
import { HttpReply, openStream, writeEvent } from './http-reply.js';
import { type Message, type Wire } from './wire.js';

/** A client of a 2025 revision with a wire of its own. */
export class ClientSession {
  private readonly exchange: Exchange;
  private stream: ServerResponse | undefined;
  /** What came while no stream was open. */
  private readonly kept: Message[] = [];

  constructor(private readonly wire: Wire) {
    this.exchange = new Exchange(wire, (message) => this.toStream(message));
    void wire.closed.then(() => this.exchange.giveUp('The connection to the server ended.'));
  }

  receive(message: Message, response: ServerResponse): void {
    if (message.method !== undefined && message.id !== undefined) {
      this.exchange.request(message, new HttpReply(response));
    } else {
      this.exchange.pass(message);
      response.writeHead(202).end();
    }
  }

  /** The stream for what belongs to no request. */
  listen(response: ServerResponse): void {
    this.stream = response;
    openStream(response);
    for (const message of this.kept.splice(0)) writeEvent(response, message);
    response.once('close', () => {
      if (this.stream === response) this.stream = undefined;
    });
  }

  async close(): Promise<void> {
    this.stream?.end();
    await this.wire.close();
  }

  private toStream(message: Message): void {
    if (this.stream) writeEvent(this.stream, message);
    else this.kept.push(message);
  }
}
