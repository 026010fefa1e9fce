import { type JSONRPCMessage, type Transport, type TransportSendOptions } from '@modelcontextprotocol/server';
import { type ServerResponse } from 'node:http';
import { sendAnswer } from './json-answer.js';

/**
 * Stands before the SDK's transport of one HTTP request. An answer that nothing was streamed before goes straight into
 * the response, because the SDK would make a web `Response` with a stream of it, which costs as much as an inline call.
 * Errors and whatever streams take the SDK's way: their status and framing are its knowledge.
 */
export class DirectAnswers implements Transport {
  private streams = false;

  constructor(
    private readonly transport: Transport,
    private readonly response: ServerResponse,
  ) {}

  get onclose(): Transport['onclose'] {
    return this.transport.onclose;
  }

  set onclose(listener: Transport['onclose']) {
    this.transport.onclose = listener;
  }

  get onerror(): Transport['onerror'] {
    return this.transport.onerror;
  }

  set onerror(listener: Transport['onerror']) {
    this.transport.onerror = listener;
  }

  get onmessage(): Transport['onmessage'] {
    return this.transport.onmessage;
  }

  set onmessage(listener: Transport['onmessage']) {
    this.transport.onmessage = listener;
  }

  start(): Promise<void> {
    return this.transport.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.streams || !('result' in message) || this.response.destroyed) {
      this.streams = true;
      return this.transport.send(message, options);
    }
    sendAnswer(message, this.response);
    // Later: closing now would abort the request that is just being answered.
    setImmediate(() => void this.transport.close());
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
