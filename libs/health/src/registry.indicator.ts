import { ProviderRegistry } from '#libs/providers';
import { ToolCatalog } from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { type HealthProbe } from './health-probe.js';

/** Down with no tool or no usable provider: an empty list must never hide behind a green light. */
@Injectable()
export class RegistryIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly catalog: ToolCatalog,
    private readonly providers: ProviderRegistry,
  ) {}

  check(): Promise<HealthIndicatorResult> {
    const ready = this.providers.providers().filter(({ state }) => state === 'ready');
    const session = this.health.check('registry');
    const facts = { tools: this.catalog.size, providers: ready.length };
    if (this.catalog.size === 0 || this.catalog.size < this.catalog.expected) {
      return Promise.resolve(session.down({ ...facts, message: 'tools are missing' }));
    }
    if (ready.length === 0) {
      return Promise.resolve(session.down({ ...facts, message: 'no provider is ready' }));
    }
    if (ready.every(({ id }) => id === 'simulator')) {
      return Promise.resolve(session.degraded({ ...facts, message: 'simulator only' }));
    }
    return Promise.resolve(session.up(facts));
  }
}
