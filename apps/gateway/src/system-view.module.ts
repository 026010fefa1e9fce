import { CallStoreModule } from '#libs/dispatch';
import { ProvidersModule } from '#libs/providers';
import { SystemView, ToolCatalogModule } from '#libs/tools';
import { type DynamicModule } from '@nestjs/common';
import { PROCESS_FACTS, type ProcessFacts } from './process-facts.js';
import { GatewaySystemView } from './system-view.js';

/** What inline tools answer from. */
export class SystemViewModule {
  static forRoot(facts: ProcessFacts): DynamicModule {
    return {
      module: SystemViewModule,
      imports: [CallStoreModule, ProvidersModule, ToolCatalogModule],
      providers: [
        { provide: PROCESS_FACTS, useValue: facts },
        { provide: SystemView, useClass: GatewaySystemView },
      ],
      exports: [SystemView],
    };
  }
}
