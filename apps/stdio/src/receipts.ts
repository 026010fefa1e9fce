import { WebSocket } from 'ws';

/** The gateway ends sockets that ping it often. */
const PAUSE_MS = 250;

/** Learns from pings when the peer has read what was sent: frames keep their order, so a pong stands for all before. */
export class Receipts {
  private waiting: (() => void)[] = [];
  private asked: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly socket: WebSocket) {
    socket.on('pong', () => this.settle());
    socket.once('close', () => clearTimeout(this.timer));
  }

  add(callback: () => void): void {
    this.waiting.push(callback);
    this.schedule();
  }

  private schedule(): void {
    if (this.asked.length === 0) this.timer ??= setTimeout(() => this.ask(), PAUSE_MS);
  }

  private ask(): void {
    this.timer = undefined;
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.asked = this.waiting;
    this.waiting = [];
    this.socket.ping();
  }

  private settle(): void {
    const { asked } = this;
    this.asked = [];
    for (const callback of asked) callback();
    if (this.waiting.length > 0) this.schedule();
  }
}
