import { ExaiError } from '#libs/errors';
import { type MergedHealth, ProviderHealthStore } from '#libs/health';
import { ProviderRegistry, type ModelCard, type ProviderStatus } from '#libs/providers';
import {
  type CapabilitiesReport,
  type CircuitReport,
  type ModelReport,
  type ModelsFilter,
  type ModelsReport,
  type ProviderHealth,
  type ProviderReport,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { providerAdvice } from './provider-advice.js';

type HealthByProvider = ReadonlyMap<string, MergedHealth>;

/** Providers and models as people see them: what the registry knows, and what the workers found out. */
@Injectable()
export class ProviderView {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly health: ProviderHealthStore,
  ) {}

  ready(): ProviderStatus[] {
    return this.registry.providers().filter(({ state }) => state === 'ready');
  }

  usable(): ModelCard[] {
    return this.registry.models().filter((card) => this.isUsable(card));
  }

  /** @throws ExaiError INVALID_ARGUMENT for a provider id that does not exist. */
  async models({ provider, includeRetired, everyProvider, permitted }: ModelsFilter): Promise<ModelsReport> {
    const all = this.registry.providers();
    if (provider !== undefined && !all.some(({ id }) => id === provider)) {
      const expected = `one of ${all.map(({ id }) => id).join(', ')}`;
      throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: '/provider', expected }] });
    }
    const isShown = (status: ProviderStatus) =>
      provider === undefined ? everyProvider === true || isWorthALine(status) : status.id === provider;
    const shown = all.filter(isShown);
    const ids = new Set(shown.map(({ id }) => id));
    const others = provider === undefined ? all.filter((status) => !isShown(status)) : [];
    const health = await this.byProvider();
    const isPermitted = this.permission(permitted);
    const reports = this.registry
      .models({ includeRetired: true, respectRestrictions: false })
      .map((card) => this.modelReport(card, health.get(card.provider), isPermitted(card)));
    return {
      providers: shown.map((status) => providerReport(status, health.get(status.id))),
      models: reports.filter(
        (model) => ids.has(model.provider) && (includeRetired || model.status !== 'retired'),
      ),
      ...(others.length > 0 && { also_available: others.map(({ keyVariable }) => keyVariable) }),
      summary: {
        providers_total: all.length,
        providers_ready: this.ready().length,
        models_total: this.registry.models().length,
        models_usable: reports.filter(({ usable }) => usable).length,
      },
    };
  }

  capabilities(everyProvider: boolean): CapabilitiesReport['providers'] {
    return this.registry
      .providers()
      .filter((status) => everyProvider || isWorthALine(status))
      .map(({ id, title, state, keyVariable, models }) => {
        const endpoint = this.registry.hostOf(id);
        return {
          id,
          title,
          state,
          key: this.registry.isKeyless(id) ? 'not needed' : state === 'ready' ? 'present' : 'missing',
          variable: keyVariable,
          ...(endpoint !== undefined && { endpoint }),
          files: this.registry.hasFiles(id),
          model_count: models,
        };
      });
  }

  async healthReport(): Promise<Record<string, ProviderHealth>> {
    const ready = new Set(this.ready().map(({ id }) => id));
    const merged = (await this.health.merged()).filter(({ provider }) => ready.has(provider));
    return Object.fromEntries(merged.map((health) => [health.provider, healthFields(health)]));
  }

  /** What to do about the providers, the most useful first. */
  async advice(): Promise<string[]> {
    return providerAdvice(this.registry, await this.byProvider());
  }

  private async byProvider(): Promise<HealthByProvider> {
    return new Map((await this.health.merged()).map((health) => [health.provider, health]));
  }

  /** Whether the caller's token permits a model. */
  private permission(names: readonly string[] | undefined): (card: ModelCard) => boolean {
    if (!names) return () => true;
    const found = names.map((name) => this.registry.find(name));
    return ({ provider, id }) => found.some((card) => card?.provider === provider && card.id === id);
  }

  private modelReport(card: ModelCard, health: MergedHealth | undefined, permitted: boolean): ModelReport {
    const circuit = circuitOf(card, health);
    const note = !this.registry.isAllowed(card)
      ? 'excluded by the operator'
      : !permitted
        ? 'not permitted by your token'
        : undefined;
    return {
      id: card.id,
      provider: card.provider,
      aliases: card.aliases,
      context_window: card.contextWindow,
      max_output_tokens: card.maxOutputTokens,
      images: card.images,
      tools: card.tools,
      web_search: card.webSearch,
      reasoning: card.reasoning.kind !== 'none',
      ...(card.price && { price: priceFields(card.price) }),
      ...(card.tier && { tier: card.tier }),
      status: card.status,
      ...(card.discovered && { discovered: true }),
      ...(card.replacedBy !== undefined && { replaced_by: card.replacedBy }),
      ...(circuit && { circuit }),
      usable: permitted && this.isUsable(card) && circuit?.state !== 'open',
      ...(note !== undefined && { note }),
    };
  }

  private isUsable(card: ModelCard): boolean {
    const { state } = this.registry.status(card.provider);
    return card.status !== 'retired' && state === 'ready' && this.registry.isAllowed(card);
  }
}

/** Dozens of vendors without a key would bury the few that matter. */
export function isWorthALine(status: ProviderStatus): boolean {
  return status.state === 'ready' || status.prominent;
}

function providerReport(
  { id, title, state, keyVariable, models }: ProviderStatus,
  health: MergedHealth | undefined,
): ProviderReport {
  return {
    id,
    title,
    state,
    ...(state === 'no_key' && { key_variable: keyVariable }),
    ...(state === 'ready' && health && { reachable: health.state !== 'open', health: healthFields(health) }),
    model_count: models,
  };
}

function healthFields(health: MergedHealth): ProviderHealth {
  const { state, cause, lastError, successRate, p95Ms, retryAt } = health;
  return {
    state,
    ...(cause !== undefined && { cause }),
    ...(lastError !== undefined && { last_error: lastError }),
    ...(successRate !== undefined && { success_rate_5m: Number(successRate.toFixed(4)) }),
    ...(p95Ms !== undefined && { p95_ms: Math.round(p95Ms) }),
    ...(retryAt && state !== 'closed' && { retry_at: retryAt.toISOString() }),
  };
}

/** Undefined = closed, as it should be. */
function circuitOf({ id }: ModelCard, health: MergedHealth | undefined): CircuitReport | undefined {
  const own = health?.models.find(({ model }) => model === id);
  if (own && own.state !== 'closed') {
    return { state: own.state, ...(own.cause !== undefined && { cause: own.cause }) };
  }
  if (!health || health.state !== 'open') return undefined;
  return { state: 'open', ...(health.cause !== undefined && { cause: health.cause }) };
}

function priceFields({ input, cachedInput, output }: NonNullable<ModelCard['price']>) {
  return { input, ...(cachedInput !== undefined && { cached_input: cachedInput }), output };
}
