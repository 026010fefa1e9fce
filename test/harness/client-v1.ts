import { Client } from 'mcp-sdk-v1/client/index.js';
import { StdioClientTransport } from 'mcp-sdk-v1/client/stdio.js';
import { StreamableHTTPClientTransport } from 'mcp-sdk-v1/client/streamableHttp.js';
import { type Transport } from 'mcp-sdk-v1/shared/transport.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from 'mcp-sdk-v1/types.js';
import { bearer } from './http.js';
import {
  abilities,
  callParams,
  clientInfo,
  completion,
  LIST_CHANGES,
  type ConnectOptions,
  type McpClient,
  type ToolResult,
  type Way,
} from './mcp-client.js';
import { SocketTransport } from './socket-transport.js';
import { stdioProgram } from './stdio-program.js';

type LogMessage = Parameters<NonNullable<ConnectOptions['onLog']>>[0];

/** The client of the SDK that most programs in the field are built on. */
export async function connectV1(way: Way): Promise<McpClient> {
  const { options } = way;
  const client = new Client(clientInfo(options), { capabilities: abilities(options) });
  answerQuestions(client, options);
  client.fallbackNotificationHandler = ({ method, params }) => {
    if (LIST_CHANGES.some((change) => change === method)) options.onListChanged?.(method);
    if (method === 'notifications/message') options.onLog?.(params as unknown as LogMessage);
    if (method === 'notifications/resources/updated') options.onUpdated?.(String(params?.['uri']));
    return Promise.resolve();
  };
  let protocolVersion: string | undefined;
  const wire = transport(way);
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
    follow: async (uri) => void (await client.subscribeResource({ uri })),
    logFrom: async (level) => void (await client.setLoggingLevel(level)),
    close: () => client.close(),
  };
}

function answerQuestions(client: Client, { elicit, sample }: ConnectOptions): void {
  if (elicit) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({ ...(await elicit(params)) }));
  }
  if (sample) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => completion(sample, params.messages));
  }
}

function transport({ transport, server, token, options }: Way): Transport {
  switch (transport) {
    case 'http':
      return new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
        requestInit: { headers: bearer(token) },
      });
    case 'websocket':
      return new SocketTransport(server.wsUrl, token);
    case 'stdio':
      return new StdioClientTransport(stdioProgram(server, token, options));
  }
}
