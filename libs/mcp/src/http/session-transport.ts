import {
  isJSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type RequestId,
  type Transport,
  type TransportSendOptions,
  type WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { sendAnswer } from './json-answer.js';
import { asWebRequest } from './web-request.js';
import { sendWebResponse } from './web-response.js';

/** What takes longer becomes a stream, which a client that loses it can take up again. */
const UNDECIDED_MS = 100;
/** Clients of older revisions do not come back to a stream that was closed before anything was said in it. */
const RESUMES_SINCE = '2025-11-25';

/** The answer to one POST, as long as nothing of it has been sent. */
interface UndecidedAnswer {
  readonly message: JSONRPCRequest;
  readonly request: Request;
  readonly response: ServerResponse;
  readonly timer: NodeJS.Timeout;
  /** Set when it is to be a stream; resolves when the SDK knows where messages for it go. */
  stream?: Promise<void>;
}

/**
 * Stands before the SDK's transport of a 2025 session. An answer that is there at once and that nothing else precedes
 * is sent as plain JSON; a stream for it would cost more processor time than an inline call. Everything else is the
 * SDK's: all refusals, and every answer that becomes a stream, with its event ids and what comes back to it.
 */
export class SessionTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  private readonly undecided = new Map<RequestId, UndecidedAnswer>();
  private versions: readonly string[] = SUPPORTED_PROTOCOL_VERSIONS;

  /** @param undecidedMs how long an answer may take to be plain JSON */
  constructor(
    private readonly streams: WebStandardStreamableHTTPServerTransport,
    private readonly undecidedMs = UNDECIDED_MS,
  ) {
    streams.onerror = (error) => this.onerror?.(error);
    streams.onmessage = (message, extra) => {
      const isRepeated = 'id' in message && this.undecided.get(message.id!)?.request === extra?.request;
      if (!isRepeated) this.onmessage?.(message, extra);
    };
    streams.onclose = () => {
      this.onclose?.();
      // From now on the SDK says to all of them that there is no such session.
      for (const answer of this.undecided.values()) void this.toStream(answer);
    };
  }

  get sessionId(): string | undefined {
    return this.streams.sessionId;
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.versions = versions;
    this.streams.setSupportedProtocolVersions(versions);
  }

  start(): Promise<void> {
    return this.streams.start();
  }

  close(): Promise<void> {
    return this.streams.close();
  }

  /** @param body as parsed by the body parser */
  async handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const webRequest = asWebRequest(request);
    if (this.isPlainRequest(request, body)) {
      this.deliver(body, webRequest, response);
    } else {
      await sendWebResponse(await this.streams.handleRequest(webRequest, { parsedBody: body }), response);
    }
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const id = 'method' in message ? options?.relatedRequestId : message.id;
    const answer = id === undefined ? undefined : this.undecided.get(id);
    if (answer && !answer.stream && !('method' in message)) {
      this.forget(answer);
      this.sendPlain(message, answer.response);
      return;
    }
    if (answer) await this.toStream(answer);
    await this.streams.send(message, id === undefined ? undefined : { relatedRequestId: id });
  }

  private sendPlain(message: JSONRPCMessage, response: ServerResponse): void {
    // A client that went away so soon has no event id to come back with.
    if (response.destroyed) return;
    const { sessionId } = this;
    sendAnswer(message, response, sessionId === undefined ? {} : { 'mcp-session-id': sessionId });
  }

  /** One request, in which there is nothing to refuse; of a session that has begun. */
  private isPlainRequest({ method, headers }: IncomingMessage, body: unknown): body is JSONRPCRequest {
    const version = headers['mcp-protocol-version'];
    return (
      method === 'POST' &&
      headers['mcp-session-id'] === this.sessionId &&
      (version === undefined || this.versions.includes(version as string)) &&
      prefersJson(headers.accept ?? '') &&
      isJSONRPCRequest(body) &&
      body.method !== 'initialize' &&
      !this.undecided.has(body.id)
    );
  }

  private deliver(message: JSONRPCRequest, request: Request, response: ServerResponse): void {
    const timer = setTimeout(() => void this.toStream(answer), this.undecidedMs);
    const answer: UndecidedAnswer = { message, request, response, timer };
    this.undecided.set(message.id, answer);
    const mayComeBack = (request.headers.get('mcp-protocol-version') ?? '') >= RESUMES_SINCE;
    this.onmessage?.(message, {
      request,
      ...(mayComeBack && {
        closeSSEStream: () => void this.letGo(answer),
        closeStandaloneSSEStream: () => this.streams.closeStandaloneSSEStream(),
      }),
    });
  }

  private async letGo(answer: UndecidedAnswer): Promise<void> {
    if (this.undecided.get(answer.message.id) === answer) await this.toStream(answer);
    this.streams.closeSSEStream(answer.message.id);
  }

  private toStream(answer: UndecidedAnswer): Promise<void> {
    return (answer.stream ??= this.open(answer));
  }

  /** The SDK is given the request after all, so that it opens a stream; its server has the message already. */
  private async open(answer: UndecidedAnswer): Promise<void> {
    const { message, request, response } = answer;
    const opened = await this.streams.handleRequest(request, { parsedBody: message });
    // Later: what waits for the stream is to be sent before what comes from now on.
    setImmediate(() => this.forget(answer));
    sendWebResponse(opened, response).catch((error: unknown) => this.onerror?.(error as Error));
  }

  private forget(answer: UndecidedAnswer): void {
    clearTimeout(answer.timer);
    if (this.undecided.get(answer.message.id) === answer) this.undecided.delete(answer.message.id);
  }
}

/** Both are accepted, as the protocol wants it; a client that names the stream first gets one. */
function prefersJson(accept: string): boolean {
  const json = accept.indexOf('application/json');
  return json >= 0 && json < accept.indexOf('text/event-stream');
}
