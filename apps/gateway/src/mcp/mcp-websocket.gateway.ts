import { CLOSE, McpWebSocketEndpoint } from '#libs/mcp';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { PinoLogger } from 'nestjs-pino';
import { type IncomingMessage } from 'node:http';
import { type WebSocket } from 'ws';
import { WebSocketUpgrades } from './websocket-upgrade.js';

@WebSocketGateway({ path: '/ws' })
export class McpWebSocketGateway implements OnGatewayConnection<WebSocket> {
  constructor(
    private readonly upgrades: WebSocketUpgrades,
    private readonly endpoint: McpWebSocketEndpoint,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(McpWebSocketGateway.name);
  }

  /** Nothing may be thrown from here: it would end the process. */
  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    try {
      const principal = this.upgrades.principalOf(request);
      // The upgrade was refused without one.
      if (!principal) throw new Error('A socket without a principal.');
      this.endpoint.serve(socket, request.socket, principal);
    } catch (error) {
      this.logger.error({ err: error }, 'a WebSocket could not be served');
      socket.close(CLOSE.internal, 'internal error');
    }
  }
}
