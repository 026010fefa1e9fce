import { CallStoreModule } from '#libs/dispatch';
import { ProvidersModule } from '#libs/providers';
import { Module } from '@nestjs/common';
import { ProviderChanges } from './provider-changes.js';
import { ProviderHealthStore } from './provider-health-store.js';

@Module({
  imports: [CallStoreModule, ProvidersModule],
  providers: [ProviderHealthStore, ProviderChanges],
  exports: [ProviderHealthStore],
})
export class ProviderHealthModule {}
