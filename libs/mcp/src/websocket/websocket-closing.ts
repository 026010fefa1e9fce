import { type WebSocket } from 'ws';

/** Every close code that this server sends; the WebSocket library adds those of the protocol (1002, 1007, 1009). */
export const CLOSE = {
  normal: 1000,
  binaryFrame: 1003,
  policy: 1008,
  internal: 1011,
  restart: 1012,
  slowReader: 1013,
  tokenExpired: 4401,
  messageRate: 4429,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

/** Codes that the library sends for a client's bad frames, and those that say how a client went away. */
const OTHER_CODES: readonly number[] = [1001, 1002, 1005, 1006, 1007, 1009];

const sent = new WeakMap<WebSocket, CloseCode>();

/** Starts the end of a socket; the first code stands. */
export function closeWith(socket: WebSocket, code: CloseCode, reason: string): void {
  if (!sent.has(socket) && socket.readyState === socket.OPEN) sent.set(socket, code);
  socket.close(code, reason);
}

/**
 * Why a socket ended, for metrics: what we said to it, else what the client said. A peer may send any number; the
 * list of labels stays closed.
 */
export function closeLabel(socket: WebSocket, received: number): string {
  const code = sent.get(socket) ?? received;
  const known: readonly number[] = [...Object.values(CLOSE), ...OTHER_CODES];
  return known.includes(code) ? String(code) : 'other';
}
