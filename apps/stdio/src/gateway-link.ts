import { WebSocket } from 'ws';
import { Receipts } from './receipts.js';

const SUBPROTOCOL = 'mcp';
const HANDSHAKE_LIMIT_MS = 10_000;
const MAX_REFUSAL_BYTES = 65_536;
/** The gateway pings every 20 s; after this long without a sign of it the socket is dead. */
const SILENCE_LIMIT_MS = 65_000;
const SILENCE_CHECK_MS = 5_000;

/** One open socket to the gateway. */
export interface GatewayLink {
  readonly closed: Promise<LinkEnd>;
  /** Bytes that wait to be sent. */
  readonly backlog: number;
  send(text: string): void;
  /** Calls back once the gateway has read all that was sent so far; never, when the socket is lost before. */
  whenTaken(callback: () => void): void;
  close(): void;
  /** Stops and resumes reading, for a client that reads slowly. */
  pause(): void;
  resume(): void;
}

export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
}

/** The gateway answered the upgrade with an HTTP status instead. */
export class LinkRefused extends Error {
  override readonly name = 'LinkRefused';

  constructor(
    readonly status: number,
    /** Body of the answer. */
    readonly body: string,
  ) {
    super(`The gateway refused the connection with status ${status}.`);
  }
}

/** @throws LinkRefused, or the error of the network */
export function openLink(
  wsUrl: string,
  token: string | undefined,
  onText: (text: string) => void,
): Promise<GatewayLink> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wsUrl, SUBPROTOCOL, {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      perMessageDeflate: false,
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        if (body.length < MAX_REFUSAL_BYTES) body += part;
      });
      response.once('close', () => {
        request.destroy();
        reject(new LinkRefused(response.statusCode ?? 0, body));
      });
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) onText(data.toString('utf8'));
    });
    const closed = new Promise<LinkEnd>((end) =>
      socket.once('close', (code, reason) => end({ code, reason: reason.toString('utf8') })),
    );
    socket.once('open', () => {
      socket.off('error', reject);
      // The close event follows and says all there is to say.
      socket.on('error', () => undefined);
      endWhenSilent(socket);
      resolve(linkOver(socket, closed));
    });
  });
}

function linkOver(socket: WebSocket, closed: Promise<LinkEnd>): GatewayLink {
  const receipts = new Receipts(socket);
  return {
    closed,
    get backlog() {
      return socket.bufferedAmount;
    },
    send: (text) => socket.send(text),
    whenTaken: (callback) => receipts.add(callback),
    close: () => socket.close(1000),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

/** A computer that slept, a cable that was pulled: nobody says goodbye. */
function endWhenSilent(socket: WebSocket): void {
  let heardAt = Date.now();
  const heard = () => (heardAt = Date.now());
  socket.on('ping', heard).on('message', heard);
  const timer = setInterval(() => {
    if (socket.isPaused) heard();
    else if (Date.now() - heardAt > SILENCE_LIMIT_MS) socket.terminate();
  }, SILENCE_CHECK_MS);
  socket.once('close', () => clearInterval(timer));
}
