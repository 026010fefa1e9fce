import { WebSocket } from 'ws';

/**
 * MCP over WebSocket for the clients of both SDKs, which have no transport of their own that can send a token:
 * one JSON-RPC message per text frame, subprotocol `mcp`.
 */
export class SocketTransport<Message> {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: Message) => void;
  private readonly socket: WebSocket;

  constructor(url: string, token: string) {
    this.socket = new WebSocket(url, 'mcp', { headers: { Authorization: `Bearer ${token}` } });
  }

  async start(): Promise<void> {
    const { socket } = this;
    socket.on('message', (data: Buffer) => this.onmessage?.(JSON.parse(data.toString()) as Message));
    socket.on('close', () => this.onclose?.());
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.on('error', (error) => this.onerror?.(error));
  }

  send(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    const { socket } = this;
    if (socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close();
    await closed;
  }
}
