import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { Metrics } from '#libs/observability';
import { CLIENTS } from './clients/index.js';
import { PROVIDERS } from './descriptors/index.js';
import { Resilience } from './resilience/resilience.js';
import { ModelRouter } from './routing/model-router.js';
import { ProviderRegistry } from './provider-registry.js';

/** Needs `CONFIG` and `Metrics` from global modules. A faulty descriptor or setting rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: Resilience,
      inject: [Metrics],
      useFactory: (metrics: Metrics) => new Resilience(metrics),
    },
    {
      provide: ProviderRegistry,
      inject: [CONFIG, Resilience],
      useFactory: async (config: Config, resilience: Resilience) =>
        Promise.resolve(
          ProviderRegistry.build(PROVIDERS, config, CLIENTS, (client, settings) =>
            resilience.guard(client, settings),
          ),
        ),
    },
    {
      provide: ModelRouter,
      inject: [ProviderRegistry, Resilience],
      useFactory: (registry: ProviderRegistry, resilience: Resilience) =>
        new ModelRouter(registry, resilience),
    },
  ],
  exports: [ProviderRegistry, ModelRouter, Resilience],
})
export class ProvidersModule {}
