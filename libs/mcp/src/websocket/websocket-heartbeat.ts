import { type WebSocket } from 'ws';
import { HEARTBEAT, type HeartbeatOptions } from './websocket-limits.js';

/** Pings the client until the socket ends, and ends it when the client does not answer: its computer may be gone. */
export function keepAlive(
  socket: WebSocket,
  { pingEveryMs, missedPongs }: HeartbeatOptions = HEARTBEAT,
): void {
  let missed = 0;
  const timer = setInterval(() => {
    if (missed >= missedPongs) {
      socket.terminate();
      return;
    }
    missed += 1;
    socket.ping();
  }, pingEveryMs);
  socket.on('pong', () => (missed = 0));
  socket.once('close', () => clearInterval(timer));
}
