import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from './answer.js';
import type { Dialect, Frames, VendorError } from './dialect.js';
import type { ChatRequest } from './request.js';
import { vendorRequestId, type RequestLogEntry } from './request-log.js';
import type { Settings } from './settings.js';

/** What a behaviour may do to the simulator around its request. */
export interface Surroundings {
  /** Where `redirect-private` points when its script does not say. */
  readonly redirectTarget: string;
  /** Ends the connection with RST, encrypted or not. */
  reset(socket: Socket): void;
  /** Accepts no connection for a while; those that carry a request go on. */
  closePort(forMs: number): void;
}

export interface ExchangeParts {
  readonly request: ChatRequest;
  readonly dialect: Dialect;
  readonly answer: Answer;
  readonly settings: Settings;
  readonly surroundings: Surroundings;
}

/** One request being answered: what a behaviour may do to it. Everything here ends with the signal. */
export class Exchange {
  readonly request: ChatRequest;
  readonly dialect: Dialect;
  readonly answer: Answer;
  readonly settings: Settings;
  readonly surroundings: Surroundings;

  constructor(
    parts: ExchangeParts,
    private readonly response: ServerResponse,
    private readonly entry: RequestLogEntry,
    /** Aborted as soon as the connection is gone, whoever closed it. */
    private readonly signal: AbortSignal,
  ) {
    this.request = parts.request;
    this.dialect = parts.dialect;
    this.answer = parts.answer;
    this.settings = parts.settings;
    this.surroundings = parts.surroundings;
  }

  get path(): string {
    return this.entry.path;
  }

  answerText(answer = this.answer): string {
    return JSON.stringify(this.dialect.answerBody(`sim-${this.entry.seq}`, this.request, answer));
  }

  answerFrames(answer = this.answer): Frames {
    return this.dialect.answerFrames(`sim-${this.entry.seq}`, this.request, answer);
  }

  /** The complete body in one piece, be it a document or a stream. */
  wire(answer = this.answer): string {
    if (!this.request.stream) return this.answerText(answer);
    const { opening, content, closing } = this.answerFrames(answer);
    return [...opening, ...content, ...closing].join('');
  }

  async sendWire(wire: string): Promise<void> {
    this.beginBody();
    await this.write(wire);
    this.end();
  }

  fail(error: VendorError, headers: OutgoingHttpHeaders = {}): void {
    this.send(
      error.status,
      JSON.stringify(this.dialect.errorBody(error, vendorRequestId(this.entry))),
      headers,
    );
  }

  /** Sends a complete response. */
  send(status: number, body: string, headers: OutgoingHttpHeaders = {}): void {
    this.begin(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    this.entry.bytesOut += Buffer.byteLength(body);
    this.response.end(body);
  }

  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.entry.status = status;
    this.response.writeHead(status, headers);
  }

  /** Begins a document or a stream, as the request wants it. */
  beginBody(headers: OutgoingHttpHeaders = {}): void {
    if (this.request.stream) this.beginStream(headers);
    else this.begin(200, { 'content-type': 'application/json', ...headers });
  }

  beginStream(headers: OutgoingHttpHeaders = {}): void {
    this.begin(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers });
  }

  /** For the head that a later `begin` sends. */
  addHeader(name: string, value: string): void {
    this.response.setHeader(name, value);
  }

  errorFrame(error: VendorError): string {
    return this.dialect.errorFrame(error, vendorRequestId(this.entry));
  }

  /** Waits while the client does not read, and ends with the connection. */
  async write(bytes: string | Buffer): Promise<void> {
    this.signal.throwIfAborted();
    this.entry.bytesOut += Buffer.byteLength(bytes);
    if (!this.response.write(bytes)) await once(this.response, 'drain', { signal: this.signal });
  }

  end(): void {
    this.response.end();
  }

  async pause(ms: number): Promise<void> {
    if (ms > 0) await wait(ms, undefined, { signal: this.signal });
  }

  /** Never resolves; rejects when the connection is gone. */
  hang(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const stop = (): void => reject(new Error('The connection is gone.'));
      if (this.signal.aborted) stop();
      else this.signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Writes below HTTP, for responses whose head never ends. */
  writeRaw(text: string): void {
    this.response.socket?.write(text);
  }

  /** Ends the connection with FIN although the response is not complete. */
  closeConnection(): void {
    this.entry.cut = true;
    this.response.socket?.destroySoon();
  }

  /** Ends the connection with RST. */
  resetConnection(): void {
    this.entry.cut = true;
    if (this.response.socket) this.surroundings.reset(this.response.socket);
  }

  /** No answer at all, and no connection for a while. */
  refuse(forMs: number): void {
    this.resetConnection();
    if (forMs > 0) this.surroundings.closePort(forMs);
  }
}
