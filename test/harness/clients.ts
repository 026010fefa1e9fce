import { connectV1 } from './client-v1.js';
import { connectV2 } from './client-v2.js';
import {
  type ClientKind,
  type ConnectOptions,
  type ConnectTo,
  type McpClient,
  type TransportKind,
  type Way,
} from './mcp-client.js';

export * from './mcp-client.js';

/** Connects one client. Without `token` with the server's local one. */
export function connect(
  kind: ClientKind,
  transport: TransportKind,
  server: ConnectTo,
  token = server.token(),
  options: ConnectOptions = {},
): Promise<McpClient> {
  const way: Way = { transport, server, token, options };
  return kind === 'v1' ? connectV1(way) : connectV2(kind, way);
}
