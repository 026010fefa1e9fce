import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { PROVIDERS } from './descriptors/index.js';
import { ModelRouter } from './model-router.js';
import { ProviderRegistry } from './provider-registry.js';

/** Needs `CONFIG` from a global module. A faulty descriptor or setting rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: ProviderRegistry,
      inject: [CONFIG],
      useFactory: async (config: Config) => Promise.resolve(ProviderRegistry.build(PROVIDERS, config)),
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
