import { AuthGuard, AuthModule, Policy } from '#libs/auth';
import { ConfigModule, type Config } from '#libs/config';
import { ConversationArchiveModule } from '#libs/conversations';
import { DispatchProducerModule } from '#libs/dispatch';
import { HealthController, HealthModule } from '#libs/health';
import { McpModule, type Extension } from '#libs/mcp';
import { MetricsController, ObservabilityModule, type Logger } from '#libs/observability';
import { PersistenceModule } from '#libs/persistence';
import { ProvidersModule } from '#libs/providers';
import { ExtensionModule, ToolCatalogModule } from '#libs/tools';
import { type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AcceptingIndicator } from './accepting.indicator.js';
import { CallsController } from './admin/calls.controller.js';
import { ProvidersController } from './admin/providers.controller.js';
import { ThreadsController } from './admin/threads.controller.js';
import { GracefulDrain } from './graceful-drain.js';
import { HttpExceptionFilter } from './http-exception.filter.js';
import { McpHttpRoute } from './mcp/mcp-http.route.js';
import { McpWebSocketGateway } from './mcp/mcp-websocket.gateway.js';
import { WebSocketTicketsController } from './mcp/websocket-tickets.controller.js';
import { WebSocketUpgrades } from './mcp/websocket-upgrade.js';
import { type ProcessFacts } from './process-facts.js';
import { SystemViewModule } from './system-view.module.js';

// Probes and scrapers carry no token; these libs know nothing of authentication.
Policy('public')(HealthController);
Policy('public')(MetricsController);

export class GatewayModule {
  static forRoot(
    config: Config,
    logger: Logger,
    facts: ProcessFacts,
    extension: Extension = {},
  ): DynamicModule {
    const systemView = SystemViewModule.forRoot(facts);
    const dispatch = DispatchProducerModule.forRoot([systemView]);
    return {
      module: GatewayModule,
      imports: [
        ConfigModule.forRoot(config),
        ExtensionModule.forRoot(extension),
        ObservabilityModule.forRoot(logger),
        PersistenceModule.forRoot('gateway'),
        ProvidersModule,
        AuthModule,
        ConversationArchiveModule,
        systemView,
        dispatch,
        McpModule.forRoot([dispatch, ToolCatalogModule, systemView], extension),
        HealthModule.forRoot([dispatch, ProvidersModule, ToolCatalogModule], [AcceptingIndicator]),
      ],
      controllers: [CallsController, ProvidersController, ThreadsController, WebSocketTicketsController],
      providers: [
        McpHttpRoute,
        WebSocketUpgrades,
        McpWebSocketGateway,
        GracefulDrain,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: HttpExceptionFilter },
      ],
    };
  }
}
