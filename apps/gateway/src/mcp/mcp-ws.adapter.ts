import { AuthService } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { type INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { chooseProtocol, upgradeCheck } from './websocket-upgrade.js';

/** `ws` on the gateway's own port, with our checks on the upgrade and no message envelope of Nest's. */
export class McpWsAdapter extends WsAdapter {
  constructor(private readonly app: INestApplication) {
    super(app);
  }

  override create(port: number, options: Record<string, unknown>): unknown {
    const config = this.app.get<symbol, Config>(CONFIG);
    return super.create(port, {
      ...options,
      verifyClient: upgradeCheck(config, this.app.get(AuthService)),
      handleProtocols: chooseProtocol,
      maxPayload: config.limits.maxBodyBytes,
      perMessageDeflate: false,
    } as never) as unknown;
  }

  /** MCP messages are read by the transport; Nest's `{event, data}` frames do not exist here. */
  override bindMessageHandlers(): void {
    return;
  }
}
