import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { bearer } from './http.js';
import {
  abilities,
  callParams,
  clientInfo,
  completion,
  LIST_CHANGES,
  MODERN_REVISION,
  type ClientKind,
  type ConnectOptions,
  type LogLevel,
  type McpClient,
  type ToolResult,
  type Way,
} from './mcp-client.js';
import { SocketTransport } from './socket-transport.js';
import { stdioProgram } from './stdio-program.js';

const EVERY_LIST = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

/** The client of the newer SDK, with the way to choose a revision that its user set. */
export async function connectV2(kind: Exclude<ClientKind, 'v1'>, way: Way): Promise<McpClient> {
  const { options } = way;
  const mode = kind === 'v2-auto' ? 'auto' : { pin: MODERN_REVISION };
  const negotiation = kind === 'v2-default' ? {} : { versionNegotiation: { mode } as const };
  const client = new Client(clientInfo(options), { ...negotiation, capabilities: abilities(options) });
  answerQuestions(client, options);
  hearNotifications(client, options);
  await client.connect(transport(way));
  const isModern = () => client.getNegotiatedProtocolVersion() === MODERN_REVISION;
  let logLevel: LogLevel | undefined;
  return {
    get protocolVersion() {
      return client.getNegotiatedProtocolVersion();
    },
    reads: client,
    listTools: async () => (await client.listTools()).tools,
    async callTool(name, args, { meta, ...options } = {}) {
      const params = callParams(name, args, { ...(logLevel && { [LOG_LEVEL]: logLevel }), ...meta });
      return (await client.callTool(params, options)) as unknown as ToolResult;
    },
    async follow(uri) {
      if (!isModern()) await client.subscribeResource({ uri });
      else await client.listen({ ...EVERY_LIST, resourceSubscriptions: [uri] });
    },
    async logFrom(level) {
      if (isModern()) logLevel = level;
      else await client.setLoggingLevel(level);
    },
    close: () => client.close(),
  };
}

function answerQuestions(client: Client, { elicit, sample }: ConnectOptions): void {
  if (elicit) {
    client.setRequestHandler('elicitation/create', async ({ params }) => ({ ...(await elicit(params)) }));
  }
  if (sample) {
    client.setRequestHandler('sampling/createMessage', ({ params }) => completion(sample, params.messages));
  }
}

function hearNotifications(client: Client, options: ConnectOptions): void {
  client.setNotificationHandler('notifications/message', ({ params }) => options.onLog?.(params));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
    options.onUpdated?.(params.uri),
  );
  for (const change of LIST_CHANGES) {
    client.setNotificationHandler(change, ({ method }) => options.onListChanged?.(method));
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
