import { type DynamicModule, type ModuleMetadata, type Type } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HEALTH_PROBES, type HealthProbe } from './health-probe.js';
import { HealthController } from './health.controller.js';
import { LedgerIndicator } from './ledger.indicator.js';
import { ProviderHealthModule } from './provider-health/provider-health.module.js';
import { ProvidersIndicator } from './providers.indicator.js';
import { QueueIndicator } from './queue.indicator.js';
import { RegistryIndicator } from './registry.indicator.js';

/** `/health`, `/health/live`, `/health/ready`, `/health/startup`. */
export class HealthModule {
  /**
   * @param imports modules that export the ledger, the queue and the registries
   * @param own further probes of this process
   */
  static forRoot(imports: NonNullable<ModuleMetadata['imports']>, own: Type<HealthProbe>[]): DynamicModule {
    const probes = [RegistryIndicator, ProvidersIndicator, LedgerIndicator, QueueIndicator, ...own];
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false }), ProviderHealthModule, ...imports],
      controllers: [HealthController],
      providers: [
        ...probes,
        { provide: HEALTH_PROBES, inject: probes, useFactory: (...all: HealthProbe[]) => all },
      ],
    };
  }
}
