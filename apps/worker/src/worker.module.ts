import { ConfigModule, type Config } from '#libs/config';
import { DispatchConsumerModule } from '#libs/dispatch';
import { HealthModule, ProviderHealthModule, ProviderHealthPublisher } from '#libs/health';
import { ObservabilityModule, type Logger } from '#libs/observability';
import { PersistenceModule } from '#libs/persistence';
import { ProvidersModule } from '#libs/providers';
import { ExtensionModule, ToolCatalogModule, type ToolExtension } from '#libs/tools';
import { type DynamicModule } from '@nestjs/common';
import { ConsumingIndicator } from './consuming.indicator.js';

export class WorkerModule {
  static forRoot(config: Config, logger: Logger, extension?: ToolExtension): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(config),
        ExtensionModule.forRoot(extension),
        ObservabilityModule.forRoot(logger),
        PersistenceModule.forRoot('worker'),
        DispatchConsumerModule,
        ProvidersModule,
        ProviderHealthModule,
        HealthModule.forRoot(
          [DispatchConsumerModule, ProvidersModule, ToolCatalogModule],
          [ConsumingIndicator],
        ),
      ],
      providers: [ProviderHealthPublisher],
    };
  }
}
