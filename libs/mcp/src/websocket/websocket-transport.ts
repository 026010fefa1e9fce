import { ExaiError, toEnvelope, type ErrorEnvelope } from '#libs/errors';
import {
  parseJSONRPCMessage,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import { type Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type WebSocket } from 'ws';
import { type FrameRate } from './frame-rate.js';
import { OutboundMessages } from './outbound-messages.js';
import { toProtocolError } from '../protocol-errors.js';
import { CLOSE, closeWith } from './websocket-closing.js';
import { WEBSOCKET_LIMITS } from './websocket-limits.js';

export interface WebSocketTransportOptions {
  readonly id: string;
  /** The connection below the socket. */
  readonly stream: Duplex;
  readonly messageRate: FrameRate;
  /** Told of every message that is refused here. */
  readonly onRefused: (error: ErrorEnvelope) => void;
}

/** One JSON-RPC message per text frame; the socket is the session. */
export class WebSocketTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T) => void;
  private readonly outbound: OutboundMessages;
  /** Requests of the client that have no answer yet. */
  private readonly openRequests = new Set<RequestId>();
  private unreadable = 0;

  /** Listens at once: frames that come right after the upgrade must not be lost. */
  constructor(
    private readonly socket: WebSocket,
    private readonly options: WebSocketTransportOptions,
  ) {
    const { id, messageRate, stream } = options;
    this.outbound = new OutboundMessages(socket, stream);
    socket.on('message', (data: Buffer, isBinary) => {
      messageRate.count(
        id,
        () => this.guard(() => this.receive(data, isBinary)),
        () => this.guard(() => this.refuseTooMany(data)),
      );
    });
    socket.on('close', () => this.onclose?.());
    socket.on('error', (error) => this.onerror?.(error));
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (!('method' in message) && message.id !== undefined) this.openRequests.delete(message.id);
    return this.outbound.send(message);
  }

  close(): Promise<void> {
    closeWith(this.socket, CLOSE.normal, '');
    return Promise.resolve();
  }

  /** What comes behind our own close frame is not read any more. */
  private get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Nobody is above this: what is thrown here would end the process. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onerror?.(error as Error);
      closeWith(this.socket, CLOSE.internal, 'internal error');
    }
  }

  private receive(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    if (isBinary) {
      closeWith(this.socket, CLOSE.binaryFrame, 'text frames only');
      return;
    }
    const message = this.read(data);
    if (!message) return;
    if ('method' in message && 'id' in message) {
      if (this.openRequests.has(message.id)) {
        // Under its own id, the client would take the refusal for the answer to the first one.
        this.refuse(new ExaiError('INVALID_REQUEST', { reason: 'a request with this id is still open' }));
        return;
      }
      this.openRequests.add(message.id);
    } else if ('method' in message && message.method === 'notifications/cancelled') {
      // A cancelled request is not answered, so its id is free.
      this.openRequests.delete(message.params?.['requestId'] as RequestId);
      this.outbound.dropHeldProgress();
    }
    this.onmessage?.(message);
  }

  private read(data: Buffer): JSONRPCMessage | undefined {
    let parsed: unknown;
    try {
      parsed = JSON.parse(data.toString());
    } catch {
      this.refuseUnreadable(new ExaiError('PARSE_ERROR'));
      return undefined;
    }
    try {
      return parseJSONRPCMessage(parsed);
    } catch {
      const reason = 'each frame must hold exactly one JSON-RPC 2.0 message';
      this.refuseUnreadable(new ExaiError('INVALID_REQUEST', { reason }));
      return undefined;
    }
  }

  private refuseUnreadable(error: ExaiError): void {
    this.unreadable += 1;
    if (this.unreadable > WEBSOCKET_LIMITS.unreadableFrames) {
      closeWith(this.socket, CLOSE.policy, 'too many unreadable frames');
      return;
    }
    this.refuse(error);
  }

  private refuseTooMany(data: Buffer): void {
    if (!this.isOpen) return;
    this.refuse(new ExaiError('RATE_LIMITED', { retryAfterMs: 1_000 }), requestIdIn(data));
    closeWith(this.socket, CLOSE.messageRate, 'message rate');
  }

  private refuse(error: ExaiError, id: RequestId | null = null): void {
    const correlationId = uuidv7();
    this.options.onRefused(toEnvelope(error, { correlationId }));
    const { code, message, data } = toProtocolError(error, { correlationId });
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }));
  }
}

/** So that the client knows which of its requests was refused; null where the frame holds none. */
function requestIdIn(data: Buffer): RequestId | null {
  try {
    const message = parseJSONRPCMessage(JSON.parse(data.toString()));
    return 'method' in message && 'id' in message ? message.id : null;
  } catch {
    return null;
  }
}
