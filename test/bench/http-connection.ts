import { connect, type Socket } from 'node:net';

export interface HttpReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * HTTP/1.1 over one kept-alive connection, one request at a time. Written by hand because on a machine with two
 * cores the HTTP clients of Node cost more processor time than the servers that they would measure.
 */
export class HttpConnection {
  private received: Buffer = Buffer.alloc(0);
  private resolve: ((reply: HttpReply) => void) | undefined;
  private reject: ((error: Error) => void) | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly host: string,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.reject?.(error));
    socket.on('close', () => this.reject?.(new Error('The server closed the connection.')));
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new HttpConnection(socket, host);
  }

  /** @param headers whole lines, each with its line end */
  post(path: string, headers: string, body: string): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      const length = Buffer.byteLength(body);
      this.socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${this.host}\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`,
      );
    });
  }

  close(): void {
    this.reject = undefined;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const reply = completeReply(this.received);
    if (!reply) return;
    this.received = Buffer.alloc(0);
    this.resolve?.(reply);
  }
}

function completeReply(bytes: Buffer): HttpReply | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase();
  const content = bytes.subarray(headEnd + HEAD_END.length);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    return content.length < Number(length) ? undefined : { status, head, body: content.toString() };
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) return { status, head, body: '' };
  const isWhole = content.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
  return isWhole ? { status, head, body: joinChunks(content) } : undefined;
}

function joinChunks(content: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = content.indexOf('\r\n', at);
    const size = parseInt(content.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts).toString();
    parts.push(content.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
