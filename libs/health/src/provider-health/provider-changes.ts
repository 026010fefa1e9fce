import { Changes } from '#libs/dispatch';
import { ProviderRegistry } from '#libs/providers';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PROVIDERS_STATUS_URI } from './provider-health-store.js';

/** Tells clients that the providers and models of this process are others than before. */
@Injectable()
export class ProviderChanges implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: (() => void) | undefined;

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly changes: Changes,
  ) {}

  onApplicationBootstrap(): void {
    this.stop = this.registry.onChange(() => {
      this.changes.announce({ uri: PROVIDERS_STATUS_URI });
      this.changes.announce({ uri: 'exai://models' });
    });
  }

  onApplicationShutdown(): void {
    this.stop?.();
  }
}
