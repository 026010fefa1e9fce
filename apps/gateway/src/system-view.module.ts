import { CallStoreModule } from '#libs/dispatch';
import { ProviderHealthModule } from '#libs/health';
import { ProvidersModule } from '#libs/providers';
import { SystemView, ToolCatalogModule } from '#libs/tools';
import { type DynamicModule } from '@nestjs/common';
import { PROCESS_FACTS, type ProcessFacts } from './process-facts.js';
import { ProviderView } from './provider-view.js';
import { GatewaySystemView } from './system-view.js';

/** What inline tools answer from. */
export class SystemViewModule {
  static forRoot(facts: ProcessFacts): DynamicModule {
    return {
      module: SystemViewModule,
      imports: [CallStoreModule, ProviderHealthModule, ProvidersModule, ToolCatalogModule],
      providers: [
        { provide: PROCESS_FACTS, useValue: facts },
        ProviderView,
        { provide: SystemView, useClass: GatewaySystemView },
      ],
      exports: [SystemView],
    };
  }
}
