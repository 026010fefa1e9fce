import type { IncomingMessage, ServerResponse } from 'node:http';
import { InputError } from './input-error.js';

const LARGEST_BODY = 64 * 1024 * 1024;

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end all the same: leaving early would destroy the socket before the answer.
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  if (size > LARGEST_BODY) {
    throw new InputError('The request body is too large.', 'request_too_large', 413);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new InputError('The request body is not valid JSON.', 'invalid_json');
  }
}

export function sendJson(response: ServerResponse, status: number, body: object): number {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes });
  response.end(text);
  return bytes;
}
