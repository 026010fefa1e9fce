// Baseline of the inline part: what the SDK itself can do over HTTP. No authentication, no limits, no ledger.
// `/mcp` as its authors show it, `/bare` with as little of it as there can be.
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, Server } from '@modelcontextprotocol/server';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { z } from 'zod';

const INFO = { name: 'echo', version: '1' };
/** What `/bare` lists: the tools of whoever is measured against it. */
const LISTED = JSON.parse(process.argv[2] ?? '[]') as [];

function shown(): McpServer {
  const server = new McpServer(INFO);
  server.registerTool(
    'echo',
    { description: 'Returns its message.', inputSchema: z.object({ message: z.string() }) },
    ({ message }) => ({ content: [{ type: 'text', text: message }] }),
  );
  return server;
}

function bare(): Server {
  const server = new Server(INFO, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools: LISTED }));
  server.setRequestHandler('tools/call', ({ params }) => ({
    content: [{ type: 'text' as const, text: String(params.arguments?.['message']) }],
  }));
  return server;
}

type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Requests of 2026-07-28 each with a server of its own, sessions of 2025 with one for all their requests. */
function both(create: () => McpServer | Server): Serve {
  const modern = toNodeHandler(createMcpHandler(create));
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const open = async () => {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await create().connect(transport);
    return transport;
  };
  return async (request, response) => {
    if (request.headers['mcp-protocol-version'] === '2026-07-28') {
      await modern(request as never, response);
      return;
    }
    const session = sessions.get(String(request.headers['mcp-session-id']));
    await (session ?? (await open())).handleRequest(request, response);
  };
}

const routes: Readonly<Record<string, Serve>> = { '/mcp': both(shown), '/bare': both(bare) };

const server = createServer((request, response) => void routes[request.url ?? '']?.(request, response));
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on('disconnect', () => process.exit(0));
