import { CONFIG, writeLocalToken, type Config } from '#libs/config';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AccessTokens, MAX_TOKEN_SECONDS } from './access-tokens.js';
import { LOCAL_SCOPES } from './scopes.js';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Keeps a token for the person at this computer in the data directory (mode 0600), where the stdio shim and the
 * command line find it. Renewed every 12 hours, so that a running gateway always has one that is valid.
 */
@Injectable()
export class LocalToken implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly tokens: AccessTokens,
  ) {}

  onModuleInit(): void {
    const { host, environment } = this.config.server;
    if (environment === 'production' || !LOOPBACK.has(host)) return;
    this.write();
    this.timer = setInterval(() => this.write(), (MAX_TOKEN_SECONDS / 2) * 1000).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private write(): void {
    const token = this.tokens.issue({
      subject: 'local',
      scopes: LOCAL_SCOPES,
      expiresIn: MAX_TOKEN_SECONDS,
    });
    writeLocalToken(this.config.server.dataDir, token);
  }
}
