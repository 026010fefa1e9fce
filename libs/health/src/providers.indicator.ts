import { ProviderRegistry } from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { type HealthProbe } from './health-probe.js';
import { ProviderHealthStore } from './provider-health/provider-health-store.js';

/** Degraded while a provider as a whole is not asked; never down: the others answer, and so do the inline tools. */
@Injectable()
export class ProvidersIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly registry: ProviderRegistry,
    private readonly store: ProviderHealthStore,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('providers');
    const ready = new Set(
      this.registry
        .providers()
        .filter(({ state }) => state === 'ready')
        .map(({ id }) => id),
    );
    const open = (await this.store.merged()).filter(
      ({ provider, state }) => state === 'open' && ready.has(provider),
    );
    if (open.length === 0) return session.up();
    const names = open.map(({ provider, cause }) =>
      cause === undefined ? provider : `${provider} (${cause})`,
    );
    return session.degraded({ message: `not asked for a while: ${names.join(', ')}` });
  }
}
