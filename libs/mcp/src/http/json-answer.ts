import { type JSONRPCMessage } from '@modelcontextprotocol/server';
import { type ServerResponse } from 'node:http';

/** Answers a POST with one message, without the web `Response` that the SDK would make of it. */
export function sendAnswer(
  message: JSONRPCMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): void {
  // Text, not bytes: Node then writes head and body at once.
  const json = JSON.stringify(message);
  const length = Buffer.byteLength(json);
  response.writeHead(200, { ...headers, 'Content-Type': 'application/json', 'Content-Length': length });
  response.end(json);
}
