import { CONFIG, type Config } from '#libs/config';
import { WEBSOCKET_LIMITS } from '#libs/mcp';
import { type INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { chooseProtocol, WebSocketUpgrades } from './websocket-upgrade.js';

/** `ws` on the gateway's own port, with our checks on the upgrade and no message envelope of Nest's. */
export class McpWsAdapter extends WsAdapter {
  constructor(private readonly app: INestApplication) {
    super(app);
  }

  override create(port: number, options: Record<string, unknown>): unknown {
    const config = this.app.get<symbol, Config>(CONFIG);
    return super.create(port, {
      ...options,
      verifyClient: this.app.get(WebSocketUpgrades).verify,
      handleProtocols: chooseProtocol,
      maxPayload: config.limits.maxBodyBytes,
      perMessageDeflate: false,
      // Pings are counted before they are answered.
      autoPong: false,
      closeTimeout: WEBSOCKET_LIMITS.closeMs,
    } as never) as unknown;
  }

  /** MCP messages are read by the transport; Nest's `{event, data}` frames do not exist here. */
  override bindMessageHandlers(): void {
    return;
  }
}
