import { type ServerResponse } from 'node:http';
import { type Reply } from './exchange.js';
import { type Message } from './wire.js';

/** JSON when the answer comes alone, a stream of events when something comes before it. */
export class HttpReply implements Reply {
  constructor(private readonly response: ServerResponse) {}

  push(message: Message): void {
    if (!this.response.headersSent) openStream(this.response);
    writeEvent(this.response, message);
  }

  end(message: Message): void {
    if (this.response.headersSent) {
      writeEvent(this.response, message);
      this.response.end();
    } else {
      this.response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(message));
    }
  }
}

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
}

export function writeEvent(response: ServerResponse, message: Message): void {
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}
