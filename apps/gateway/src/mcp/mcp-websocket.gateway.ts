import { McpWebSocketEndpoint } from '#libs/mcp';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { type IncomingMessage } from 'node:http';
import { type WebSocket } from 'ws';
import { upgradePrincipal } from './websocket-upgrade.js';

@WebSocketGateway({ path: '/ws' })
export class McpWebSocketGateway implements OnGatewayConnection<WebSocket> {
  constructor(private readonly endpoint: McpWebSocketEndpoint) {}

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    const principal = upgradePrincipal(request);
    // The upgrade was refused without one; a throw here would end the process.
    if (principal) this.endpoint.serve(socket, request.socket, principal);
    else socket.close(1011);
  }
}
