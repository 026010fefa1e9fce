import { ConversationArchiveModule } from '#libs/conversations';
import { CallStoreModule, CallWaitModule } from '#libs/dispatch';
import { ProviderHealthModule } from '#libs/health';
import { ProvidersModule } from '#libs/providers';
import { CallerRecords, SystemView, ToolCatalogModule } from '#libs/tools';
import { type DynamicModule } from '@nestjs/common';
import { StoredCallerRecords } from './caller-records.js';
import { PayloadView } from './payload-view.js';
import { PROCESS_FACTS, type ProcessFacts } from './process-facts.js';
import { ProviderView } from './provider-view.js';
import { GatewaySystemView } from './system-view.js';

/** What inline tools answer from. */
export class SystemViewModule {
  static forRoot(facts: ProcessFacts): DynamicModule {
    return {
      module: SystemViewModule,
      imports: [
        CallStoreModule,
        CallWaitModule,
        ConversationArchiveModule,
        ProviderHealthModule,
        ProvidersModule,
        ToolCatalogModule,
      ],
      providers: [
        { provide: PROCESS_FACTS, useValue: facts },
        ProviderView,
        PayloadView,
        { provide: CallerRecords, useClass: StoredCallerRecords },
        { provide: SystemView, useClass: GatewaySystemView },
      ],
      exports: [SystemView],
    };
  }
}
