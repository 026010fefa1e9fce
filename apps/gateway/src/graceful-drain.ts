import { CONFIG, type Config } from '#libs/config';
import { AdmissionControl } from '#libs/dispatch';
import { CLOSE, McpHttpEndpoint, McpWebSocketEndpoint } from '#libs/mcp';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { setTimeout as delay } from 'node:timers/promises';

/** Lets the last answers leave their sockets before Nest closes them. */
const FLUSH_MS = 50;

/** Nest would close the sockets before the running calls are answered; this waits for them first. */
@Injectable()
export class GracefulDrain implements BeforeApplicationShutdown {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly admission: AdmissionControl,
    private readonly http: McpHttpEndpoint,
    private readonly websocket: McpWebSocketEndpoint,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(GracefulDrain.name);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { openCalls } = this.admission;
    if (openCalls > 0) this.logger.info({ openCalls }, 'draining');
    await this.admission.drain(this.config.server.drainTimeoutMs);
    this.http.beginShutdown();
    await delay(FLUSH_MS);
    this.websocket.closeAll(CLOSE.restart, 'restarting');
    await delay(FLUSH_MS);
  }
}
