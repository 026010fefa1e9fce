// Baseline of the inline part: what the SDK itself can do. One tool, no queue, no ledger, no authentication.
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

const ECHO = {
  name: 'echo',
  description: 'Returns its message.',
  inputSchema: { type: 'object' as const, properties: { message: { type: 'string' } } },
};

const serve = toNodeHandler(
  createMcpHandler(() => {
    const server = new Server({ name: 'echo', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({ tools: [ECHO] }));
    server.setRequestHandler('tools/call', ({ params }) => ({
      content: [{ type: 'text' as const, text: String(params.arguments?.['message']) }],
    }));
    return server;
  }),
);

const server = createServer((request, response) => void serve(request as never, response as never));
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
});
process.on('disconnect', () => process.exit(0));
