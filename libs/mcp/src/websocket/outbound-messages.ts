import { isJSONRPCNotification, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { type Duplex } from 'node:stream';
import { type WebSocket } from 'ws';
import { CLOSE, closeWith } from './websocket-closing.js';
import { WEBSOCKET_LIMITS } from './websocket-limits.js';

/** Sends messages on one socket and keeps what is not yet sent small when the client reads slowly. */
export class OutboundMessages {
  /** The newest progress of each token, held back until the client reads again. */
  private readonly heldProgress = new Map<unknown, JSONRPCMessage>();
  private corked = false;

  /** @param stream the connection below the socket */
  constructor(
    private readonly socket: WebSocket,
    private readonly stream: Duplex,
  ) {
    stream.on('drain', () => this.sendHeldProgress());
  }

  send(message: JSONRPCMessage): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.reject(new Error('The socket is closed.'));
    const waiting = socket.bufferedAmount;
    if (waiting > WEBSOCKET_LIMITS.tooSlowReaderBytes) {
      closeWith(socket, CLOSE.slowReader, 'slow reader');
      return Promise.reject(new Error('The client does not read.'));
    }
    if (waiting > WEBSOCKET_LIMITS.slowReaderBytes && this.canWait(message)) return Promise.resolve();
    // Progress must not come after the answer that it belongs to, and nothing here says which that is.
    if (!('method' in message)) this.sendHeldProgress();
    this.write(message);
    return Promise.resolve();
  }

  /** Progress after a cancel would be a fault, and which call it belongs to is not known here. */
  dropHeldProgress(): void {
    this.heldProgress.clear();
  }

  /** @returns whether the message is dropped (log) or replaced by the next of its kind (progress) */
  private canWait(message: JSONRPCMessage): boolean {
    if (!isJSONRPCNotification(message)) return false;
    if (message.method === 'notifications/message') return true;
    if (message.method !== 'notifications/progress') return false;
    this.heldProgress.set(message.params?.['progressToken'], message);
    return true;
  }

  private sendHeldProgress(): void {
    if (this.heldProgress.size === 0) return;
    const messages = [...this.heldProgress.values()];
    this.heldProgress.clear();
    if (this.socket.readyState !== this.socket.OPEN) return;
    for (const message of messages) this.write(message);
  }

  private write(message: JSONRPCMessage): void {
    this.corkForThisTurn();
    this.socket.send(JSON.stringify(message));
  }

  /** Answers often come in batches; one system call for all of a turn instead of one each. */
  private corkForThisTurn(): void {
    if (this.corked) return;
    this.corked = true;
    this.stream.cork();
    process.nextTick(() => {
      this.corked = false;
      this.stream.uncork();
    });
  }
}
