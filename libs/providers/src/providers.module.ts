import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { Metrics } from '#libs/observability';
import { CLIENTS, type ClientFactory } from './clients/index.js';
import { PROVIDERS } from './descriptors/index.js';
import { LimitedClient } from './limited.client.js';
import { MeteredClient } from './metered.client.js';
import { ModelRouter } from './model-router.js';
import { ProviderRegistry } from './provider-registry.js';

/** Needs `CONFIG` and `Metrics` from global modules. A faulty descriptor or setting rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: ProviderRegistry,
      inject: [CONFIG, Metrics],
      useFactory: async (config: Config, metrics: Metrics) =>
        Promise.resolve(ProviderRegistry.build(PROVIDERS, config, clientFactories(metrics))),
    },
    {
      provide: ModelRouter,
      inject: [ProviderRegistry],
      useFactory: (registry: ProviderRegistry) => new ModelRouter(registry),
    },
  ],
  exports: [ProviderRegistry, ModelRouter],
})
export class ProvidersModule {}

/** Each dialect's client, measured request by request and limited per provider. */
function clientFactories(metrics: Metrics): Readonly<Record<string, ClientFactory>> {
  return Object.fromEntries(
    Object.entries<ClientFactory>(CLIENTS).map(([dialect, build]) => [
      dialect,
      (settings) =>
        new LimitedClient(
          new MeteredClient(build(settings), settings.provider.id, metrics),
          settings.maxInflight,
        ),
    ]),
  );
}
