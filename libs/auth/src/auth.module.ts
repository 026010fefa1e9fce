import { CONFIG, type Config } from '#libs/config';
import { Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { AuthService } from './auth.service.js';
import { LocalToken } from './local-token.js';
import { WebSocketTickets } from './websocket-tickets.js';

@Module({
  providers: [
    { provide: AccessTokens, inject: [CONFIG], useFactory: (config: Config) => new AccessTokens(config) },
    AuthService,
    LocalToken,
    WebSocketTickets,
  ],
  exports: [AccessTokens, AuthService, WebSocketTickets],
})
export class AuthModule {}
