import type { IncomingMessage, ServerResponse } from 'node:http';
import { InputError } from './input-error.js';

const LARGEST_JSON = 64 * 1024 * 1024;

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const tooLarge = new InputError('The request body is too large.', 'request_too_large', 413);
  const bytes = await readBytes(request, LARGEST_JSON, tooLarge);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new InputError('The request body is not valid JSON.', 'invalid_json');
  }
}

export async function readBytes(
  request: IncomingMessage,
  limit: number,
  tooLarge: InputError,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end all the same: leaving early would destroy the socket before the answer.
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (size > limit) throw tooLarge;
  return Buffer.concat(chunks);
}

export function sendJson(response: ServerResponse, status: number, body: object): number {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes });
  response.end(text);
  return bytes;
}
