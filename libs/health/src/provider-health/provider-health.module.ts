import { CallStoreModule } from '#libs/dispatch';
import { Module } from '@nestjs/common';
import { ProviderHealthStore } from './provider-health-store.js';

@Module({ imports: [CallStoreModule], providers: [ProviderHealthStore], exports: [ProviderHealthStore] })
export class ProviderHealthModule {}
