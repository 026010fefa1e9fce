import {
  isJSONRPCNotification,
  parseJSONRPCMessage,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import { type Duplex } from 'node:stream';
import { type WebSocket } from 'ws';

const MAX_UNREADABLE_FRAMES = 10;
/** Above the first mark droppable messages are dropped, above the second the reader is too slow to keep. */
const SLOW_BYTES = 4 * 1024 * 1024;
const TOO_SLOW_BYTES = 8 * 1024 * 1024;

/** One JSON-RPC message per text frame; the socket is the session. */
export class WebSocketTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T) => void;
  private unreadable = 0;

  private corked = false;

  /**
   * Listens at once: frames that come right after the upgrade must not be lost.
   * @param stream the connection below the socket
   */
  constructor(
    private readonly socket: WebSocket,
    private readonly stream: Duplex,
  ) {
    socket.on('message', (data: Buffer, isBinary) => this.receive(data, isBinary));
    socket.on('close', () => this.onclose?.());
    socket.on('error', (error) => this.onerror?.(error));
  }

  get isWritable(): boolean {
    return this.socket.bufferedAmount < SLOW_BYTES;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.reject(new Error('The socket is closed.'));
    if (socket.bufferedAmount > TOO_SLOW_BYTES) {
      socket.close(1013, 'slow reader');
      return Promise.reject(new Error('The client does not read.'));
    }
    if (isJSONRPCNotification(message) && !this.isWritable) return Promise.resolve();
    this.corkForThisTurn();
    socket.send(JSON.stringify(message));
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.socket.close(1000);
    return Promise.resolve();
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

  private receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.socket.close(1003, 'text frames only');
      return;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(data.toString());
    } catch {
      this.refuse(-32700, 'PARSE_ERROR', 'The frame is not JSON.');
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(parsed);
    } catch {
      this.refuse(-32600, 'INVALID_REQUEST', 'Each frame must hold exactly one JSON-RPC 2.0 message.');
      return;
    }
    this.onmessage?.(message);
  }

  private refuse(code: number, name: string, message: string): void {
    this.unreadable += 1;
    if (this.unreadable > MAX_UNREADABLE_FRAMES) {
      this.socket.close(1008, 'too many unreadable frames');
      return;
    }
    this.socket.send(
      JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message, data: { code: name } } }),
    );
  }
}
