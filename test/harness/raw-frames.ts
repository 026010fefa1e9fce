import { connect, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';

/** A WebSocket frame by hand, for what no library sends. */
export function frame(
  payload: string | Buffer,
  { opcode = 1, masked = true, fin = true }: { opcode?: number; masked?: boolean; fin?: boolean } = {},
): Buffer {
  const data = Buffer.from(payload as string);
  if (data.length > 65_535) throw new Error('Frames by hand are short.');
  const length = data.length < 126 ? [data.length] : [126, Math.floor(data.length / 256), data.length % 256];
  const head = Buffer.from([(fin ? 0x80 : 0) | opcode, (length[0] ?? 0) | (masked ? 0x80 : 0)]);
  const rest = Buffer.from(length.slice(1));
  if (!masked) return Buffer.concat([head, rest, data]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, rest, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

export interface UpgradeLines {
  /** Path and query. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An upgrade by hand with bytes that come right behind it, in the same packet. */
export class HandMadeSocket {
  private received = Buffer.alloc(0);
  readonly ended: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static open(url: string, { target = '/ws', headers = {} }: UpgradeLines, behind: Buffer): HandMadeSocket {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    const lines = {
      Host: host,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Protocol': 'mcp',
      ...headers,
    };
    const text = [
      `GET ${target} HTTP/1.1`,
      ...Object.entries(lines).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.write(Buffer.concat([Buffer.from(`${text.join('\r\n')}\r\n\r\n`), behind]));
    return new HandMadeSocket(socket);
  }

  /** Everything so far, with the status line. */
  get text(): string {
    return this.received.toString('latin1');
  }

  /** Of the close frame, which is the last one. */
  get closeCode(): number | undefined {
    const at = this.received.lastIndexOf(0x88);
    return at < 0 || this.received.length < at + 4 ? undefined : this.received.readUInt16BE(at + 2);
  }

  destroy(): void {
    this.socket.destroy();
  }
}
