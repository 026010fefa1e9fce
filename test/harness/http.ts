import { connect as connectTcp } from 'node:net';
import { WebSocket } from 'ws';
import { type Gateway } from './standalone.js';

export const MCP_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
} as const;

export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** A JSON-RPC request as the body of a POST. */
export function rpc(method: string, params: Record<string, unknown> = {}, id: number | string = 1) {
  return { jsonrpc: '2.0', id, method, params };
}

export const INITIALIZE = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'exai-tests', version: '1.0.0' },
});

/** Opens a session of the 2025 revisions by hand and answers its id. */
export async function openSession(server: Pick<Gateway, 'url'>, token: string): Promise<string> {
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: { ...MCP_HEADERS, ...bearer(token) },
    body: JSON.stringify(INITIALIZE),
  });
  await response.text();
  const id = response.headers.get('mcp-session-id');
  if (id === null) throw new Error(`No session: ${response.status}`);
  return id;
}

export interface UpgradeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** HTTP status and headers of a WebSocket upgrade; 101 when it was accepted, and then closed. */
export function upgrade(
  wsUrl: string,
  { headers = {}, protocols = ['mcp'] }: UpgradeOptions = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined> }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wsUrl, [...protocols], { headers });
    socket.once('open', () => {
      socket.close();
      resolve({ status: 101, headers: {} });
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    socket.once('error', reject);
  });
}

/** Status of a request written by hand: `fetch` lets nobody choose the Host header. */
export function rawStatus(url: string, lines: readonly string[]): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      socket.destroy();
      resolve(Number(status));
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('Closed without an answer.')));
  });
}

export interface CallReport {
  readonly id: string;
  readonly parentId: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly correlationId: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly result: { readonly content?: string } | null;
  readonly error: { readonly code: string; readonly attempts?: number } | null;
}

/** A call as its owner sees it over REST. */
export async function readCall(
  server: Pick<Gateway, 'url'>,
  token: string,
  callId: string,
): Promise<CallReport> {
  const response = await fetch(`${server.url}/api/v1/calls/${callId}`, { headers: bearer(token) });
  if (response.status !== 200) throw new Error(`Call ${callId}: ${response.status} ${await response.text()}`);
  return (await response.json()) as CallReport;
}
