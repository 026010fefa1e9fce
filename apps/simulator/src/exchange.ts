import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from './answer.js';
import type { Dialect, Frames, VendorError } from './dialect.js';
import type { ChatRequest } from './request.js';
import type { RequestLogEntry } from './request-log.js';
import type { Settings } from './settings.js';

export interface ExchangeParts {
  readonly request: ChatRequest;
  readonly dialect: Dialect;
  readonly answer: Answer;
  readonly settings: Settings;
}

/** One request being answered: what a behaviour may do to it. Everything here ends with the signal. */
export class Exchange {
  readonly request: ChatRequest;
  readonly dialect: Dialect;
  readonly answer: Answer;
  readonly settings: Settings;

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
  }

  answerText(answer = this.answer): string {
    return JSON.stringify(this.dialect.answerBody(`sim-${this.entry.seq}`, this.request, answer));
  }

  answerFrames(answer = this.answer): Frames {
    return this.dialect.answerFrames(`sim-${this.entry.seq}`, this.request, answer);
  }

  fail(error: VendorError, headers: OutgoingHttpHeaders = {}): void {
    this.send(error.status, JSON.stringify(this.dialect.errorBody(error)), headers);
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

  beginStream(headers: OutgoingHttpHeaders = {}): void {
    this.begin(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers });
  }

  async write(bytes: string | Buffer): Promise<void> {
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
    this.response.socket?.resetAndDestroy();
  }
}
