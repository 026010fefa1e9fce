import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What came over the wire, byte for byte, and how the connection ended. */
export interface RawResponse {
  readonly head: string;
  readonly body: string;
  readonly bytes: Buffer;
  readonly chunks: readonly Buffer[];
  readonly ending: 'fin' | 'reset' | 'open';
  readonly json: () => unknown;
}

/** Speaks HTTP/1.0 by hand, so that nothing between hides what the server does. */
export async function postRaw(
  port: number,
  path: string,
  content: object,
  waitMs = 2_000,
): Promise<RawResponse> {
  const body = JSON.stringify(content);
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const ended = new Promise<RawResponse['ending']>((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve('fin'));
    socket.on('error', () => resolve('reset'));
  });
  const head = `POST ${path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`${head}\r\n${body}`);
  const ending = await Promise.race([ended, wait(waitMs, 'open' as const)]);
  socket.destroy();
  const all = Buffer.concat(chunks);
  const split = all.indexOf('\r\n\r\n');
  const bytes = split < 0 ? Buffer.alloc(0) : all.subarray(split + 4);
  return {
    head: all.subarray(0, split < 0 ? all.length : split).toString('utf8'),
    body: bytes.toString('utf8'),
    bytes,
    chunks,
    ending,
    json: () => JSON.parse(bytes.toString('utf8')) as unknown,
  };
}

export function statusOf({ head }: RawResponse): number {
  return Number(head.split(' ')[1]);
}

export function headerOf({ head }: RawResponse, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
}
