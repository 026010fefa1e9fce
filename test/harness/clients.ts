import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from 'mcp-sdk-v1/client/index.js';
import { StdioClientTransport as StdioClientTransportV1 } from 'mcp-sdk-v1/client/stdio.js';
import { StreamableHTTPClientTransport as HttpTransportV1 } from 'mcp-sdk-v1/client/streamableHttp.js';
import { type Transport as TransportV1 } from 'mcp-sdk-v1/shared/transport.js';
import { MAIN } from './paths.js';
import { SocketTransport } from './socket-transport.js';
import { minimalEnvironment, type Gateway } from './standalone.js';

/** The MCP clients in the field: both SDKs, and of the newer one each way to choose a revision. */
export const CLIENT_KINDS = ['v1', 'v2-default', 'v2-auto', 'v2-pinned'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export const TRANSPORTS = ['http', 'websocket', 'stdio'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

export const MODERN_REVISION = '2026-07-28';

export interface ListedTool {
  readonly name: string;
  readonly inputSchema: { readonly type: string };
}

export interface ListedPrompt {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly arguments?:
    | readonly {
        readonly name: string;
        readonly description?: string | undefined;
        readonly required?: boolean | undefined;
      }[]
    | undefined;
}

/** Requests that answer at once and change nothing; both SDKs name them alike. */
export interface McpReads {
  listPrompts(params?: Page): Promise<{ readonly prompts: readonly ListedPrompt[] }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{
    readonly description?: string | undefined;
    readonly messages: readonly { readonly role: string; readonly content: { readonly type: string } }[];
  }>;
  listResources(params?: Page): Promise<{ readonly resources: readonly ListedResource[] }>;
  listResourceTemplates(
    params?: Page,
  ): Promise<{ readonly resourceTemplates: readonly { readonly uriTemplate: string }[] }>;
  readResource(params: { uri: string }): Promise<{ readonly contents: readonly object[] }>;
  complete(params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
    argument: { name: string; value: string };
  }): Promise<{ readonly completion: Completion }>;
}

export interface ListedResource {
  readonly uri: string;
  readonly mimeType?: string | undefined;
}

export interface Completion {
  readonly values: readonly string[];
  readonly total?: number | undefined;
  readonly hasMore?: boolean | undefined;
}

interface Page {
  cursor?: string;
}

export interface Progress {
  readonly progress: number;
  readonly message?: string | undefined;
}

export interface ToolResult {
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
  readonly _meta?: Record<string, unknown>;
}

export interface CallOptions {
  readonly onprogress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
  /** `_meta` of the request. */
  readonly meta?: Record<string, unknown>;
}

/** What the suites do with a client, whatever SDK it is of. A JSON-RPC error is thrown with `code` and `data`. */
export interface McpClient {
  readonly protocolVersion: string | undefined;
  /** Prompts, resources and completion. */
  readonly reads: McpReads;
  listTools(): Promise<readonly ListedTool[]>;
  callTool(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  close(): Promise<void>;
}

export type ConnectTo = Pick<Gateway, 'url' | 'wsUrl' | 'token'>;

/** Connects one client. Without `token` with the server's local one. */
export function connect(
  kind: ClientKind,
  transport: TransportKind,
  server: ConnectTo,
  token = server.token(),
): Promise<McpClient> {
  return kind === 'v1' ? connectV1(transport, server, token) : connectV2(kind, transport, server, token);
}

const CLIENT_INFO = { name: 'exai-tests', version: '1.0.0' };

async function connectV1(transport: TransportKind, server: ConnectTo, token: string): Promise<McpClient> {
  const client = new ClientV1(CLIENT_INFO);
  let protocolVersion: string | undefined;
  const wire = transportV1(transport, server, token);
  const { setProtocolVersion } = wire;
  wire.setProtocolVersion = (version) => {
    protocolVersion = version;
    setProtocolVersion?.call(wire, version);
  };
  await client.connect(wire);
  return {
    get protocolVersion() {
      return protocolVersion;
    },
    reads: client,
    listTools: async () => (await client.listTools()).tools,
    callTool: async (name, args, { meta, ...options } = {}) =>
      (await client.callTool(callParams(name, args, meta), undefined, options)) as ToolResult,
    close: () => client.close(),
  };
}

async function connectV2(
  kind: Exclude<ClientKind, 'v1'>,
  transport: TransportKind,
  server: ConnectTo,
  token: string,
): Promise<McpClient> {
  const mode = kind === 'v2-auto' ? 'auto' : { pin: MODERN_REVISION };
  const client = new Client(CLIENT_INFO, kind === 'v2-default' ? {} : { versionNegotiation: { mode } });
  await client.connect(transportV2(transport, server, token));
  return {
    get protocolVersion() {
      return client.getNegotiatedProtocolVersion();
    },
    reads: client,
    listTools: async () => (await client.listTools()).tools,
    callTool: async (name, args, { meta, ...options } = {}) =>
      (await client.callTool(callParams(name, args, meta), options)) as unknown as ToolResult,
    close: () => client.close(),
  };
}

function callParams(name: string, args: Record<string, unknown>, meta: Record<string, unknown> | undefined) {
  return { name, arguments: args, ...(meta && { _meta: meta }) };
}

function transportV1(transport: TransportKind, server: ConnectTo, token: string): TransportV1 {
  switch (transport) {
    case 'http':
      return new HttpTransportV1(new URL(`${server.url}/mcp`), withToken(token));
    case 'websocket':
      return new SocketTransport(server.wsUrl, token);
    case 'stdio':
      return new StdioClientTransportV1(shim(server, token));
  }
}

function transportV2(transport: TransportKind, server: ConnectTo, token: string): Transport {
  switch (transport) {
    case 'http':
      return new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), withToken(token));
    case 'websocket':
      return new SocketTransport(server.wsUrl, token);
    case 'stdio':
      return new StdioClientTransport(shim(server, token));
  }
}

function withToken(token: string) {
  return { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
}

function shim({ url }: ConnectTo, token: string) {
  return {
    command: process.execPath,
    args: [MAIN.cli, 'stdio', '--url', url],
    env: minimalEnvironment({ EXAI_TOKEN: token }),
    stderr: 'ignore' as const,
  };
}
