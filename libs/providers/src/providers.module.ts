import { Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { Metrics } from '#libs/observability';
import { PinoLogger } from 'nestjs-pino';
import { CLIENTS } from './clients/index.js';
import { PROVIDERS } from './descriptors/index.js';
import { ModelDiscovery } from './model-discovery.js';
import { ProviderRegistry } from './provider-registry.js';
import type { ProviderStatus } from './provider-status.js';
import { ProviderWatch } from './provider-watch.js';
import { type CircuitChange, Resilience } from './resilience/resilience.js';
import { ModelRouter } from './routing/model-router.js';

/** Needs `CONFIG`, `Metrics` and a logger from global modules. A faulty descriptor or setting rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: Resilience,
      inject: [Metrics],
      useFactory: (metrics: Metrics) => new Resilience(metrics),
    },
    {
      provide: ProviderRegistry,
      inject: [CONFIG, Resilience],
      useFactory: async (config: Config, resilience: Resilience) =>
        Promise.resolve(
          ProviderRegistry.build(PROVIDERS, config, CLIENTS, (client, settings) =>
            resilience.guard(client, settings),
          ),
        ),
    },
    {
      provide: ModelRouter,
      inject: [ProviderRegistry, Resilience],
      useFactory: (registry: ProviderRegistry, resilience: Resilience) =>
        new ModelRouter(registry, resilience),
    },
    {
      provide: ProviderWatch,
      inject: [ProviderRegistry, PinoLogger],
      useFactory: (registry: ProviderRegistry, logger: PinoLogger) => new ProviderWatch(registry, logger),
    },
    {
      provide: ModelDiscovery,
      inject: [ProviderRegistry, PinoLogger],
      useFactory: (registry: ProviderRegistry, logger: PinoLogger) => new ModelDiscovery(registry, logger),
    },
  ],
  exports: [ProviderRegistry, ModelRouter, Resilience],
})
export class ProvidersModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly watch: ProviderWatch,
    private readonly discovery: ModelDiscovery,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const status of this.registry.providers()) {
      // Those that nobody asked for would drown the others.
      this.logger[status.prominent ? 'info' : 'debug'](lineOf(status, this.registry.hostOf(status.id)));
    }
    for (const warning of this.registry.warnings) this.logger.warn(warning);
    this.registry.onChange(() => this.forgetUnready());
    this.resilience.onChange((change) => this.logCircuit(change));
    await this.watch.start();
    this.discovery.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.watch.stop();
    await this.discovery.stop();
    await this.registry.close();
  }

  private logCircuit({ provider, model, state, cause, retryInMs }: CircuitChange): void {
    const facts = { provider, model, state, cause, retryInMs };
    this.logger[state === 'open' ? 'warn' : 'info'](facts, `circuit of ${model ?? provider}: ${state}`);
  }

  private forgetUnready(): void {
    const ready = new Set(
      this.registry
        .providers()
        .filter(({ state }) => state === 'ready')
        .map(({ id }) => id),
    );
    for (const { provider } of this.resilience.report()) {
      if (!ready.has(provider)) this.resilience.forget(provider);
    }
  }
}

function lineOf({ id, state, keyVariable, models }: ProviderStatus, host: string | undefined): string {
  if (state === 'ready') return `provider ${id}: ready, ${models} model${models === 1 ? '' : 's'}, ${host}`;
  return state === 'no_key' ? `provider ${id}: no_key, set ${keyVariable}` : `provider ${id}: ${state}`;
}
