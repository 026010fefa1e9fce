import { CONFIG, PRODUCT, type Config } from '#libs/config';
import { CallLedger, CallQueue } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { ErrorReporter } from '#libs/observability';
import { ProviderRegistry, type ModelCard, type ProviderStatus } from '#libs/providers';
import {
  SystemView,
  ToolCatalog,
  type DoctorCheck,
  type ModelReport,
  type ModelsFilter,
  type ModelsReport,
  type ProviderReport,
  type StatusOptions,
  type StatusReport,
  type VersionReport,
} from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { PROCESS_FACTS, type ProcessFacts } from './process-facts.js';

const PROTOCOL_VERSIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const PROBE_MS = 1_000;

/** What inline tools report. Answers while queue, database and providers are down. */
@Injectable()
export class GatewaySystemView extends SystemView {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(PROCESS_FACTS) private readonly facts: ProcessFacts,
    private readonly catalog: ToolCatalog,
    private readonly registry: ProviderRegistry,
    private readonly ledger: CallLedger,
    private readonly queue: CallQueue,
    private readonly errors: ErrorReporter,
  ) {
    super();
  }

  override version(client: { readonly name: string; readonly version: string }): Promise<VersionReport> {
    return Promise.resolve({
      name: PRODUCT.name,
      version: PRODUCT.version,
      node_version: process.version,
      platform: `${process.platform}-${process.arch}`,
      protocol_versions: PROTOCOL_VERSIONS,
      client,
      uptime_seconds: Math.round((Date.now() - this.facts.startedAt) / 1_000),
      providers_configured: this.readyProviders().map(({ id }) => id),
      model_count: this.registry.models().length,
      tool_count: this.catalog.size,
      tool_profile: this.config.tools.profile,
      storage_driver: this.storageDriver(),
      queue_driver: this.queueDriver(),
    });
  }

  override models({ provider, includeRetired }: ModelsFilter): Promise<ModelsReport> {
    const providers = this.registry.providers();
    if (provider !== undefined && !providers.some(({ id }) => id === provider)) {
      const expected = `one of ${providers.map(({ id }) => id).join(', ')}`;
      throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: '/provider', expected }] });
    }
    const all = this.registry.models({ includeRetired: true, respectRestrictions: false });
    const reports = all.map((card) => this.modelReport(card));
    const isAsked = (id: string) => provider === undefined || id === provider;
    return Promise.resolve({
      providers: providers.filter(({ id }) => isAsked(id)).map((status) => this.providerReport(status)),
      models: reports.filter(
        (model) => isAsked(model.provider) && (includeRetired || model.status !== 'retired'),
      ),
      summary: {
        providers_total: providers.length,
        providers_ready: this.readyProviders().length,
        models_total: this.registry.models().length,
        models_usable: reports.filter(({ usable }) => usable).length,
      },
    });
  }

  override async status({ includeTools, doctor, maxErrors }: StatusOptions): Promise<StatusReport> {
    const [storage, queue] = await Promise.all([this.storage(), this.queueReport()]);
    const usable = this.registry.models().filter((card) => this.isUsable(card));
    return {
      providers_configured: this.readyProviders().map(({ id }) => id),
      providers_health: {},
      models_available: { count: usable.length, ids: usable.map(({ id }) => id) },
      ...(includeTools && { tools_loaded: this.catalog.list().map(({ name }) => name) }),
      last_errors: this.errors.recent(maxErrors).map(({ at, code, correlationId, tool }) => ({
        at: at.toISOString(),
        code,
        correlation_id: correlationId,
        ...(tool !== undefined && { tool }),
      })),
      queues: { 'tool-calls': queue },
      storage: { driver: this.storageDriver(), ok: storage.ok },
      next_steps: this.nextSteps(storage.ok, queue.ok),
      ...(doctor && { checks: this.doctorChecks(storage, queue.ok) }),
    };
  }

  private readyProviders(): ProviderStatus[] {
    return this.registry.providers().filter(({ state }) => state === 'ready');
  }

  private providerReport({ id, title, state, keyVariable, models }: ProviderStatus): ProviderReport {
    return {
      id,
      title,
      state,
      ...(state === 'no_key' && { key_variable: keyVariable }),
      model_count: models,
    };
  }

  private modelReport(card: ModelCard): ModelReport {
    const allowed = this.registry.isAllowed(card);
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
      ...(card.price && { price: { input: card.price.input, output: card.price.output } }),
      ...(card.tier && { tier: card.tier }),
      status: card.status,
      ...(card.replacedBy !== undefined && { replaced_by: card.replacedBy }),
      usable: this.isUsable(card),
      ...(!allowed && { note: 'excluded by the operator' }),
    };
  }

  private isUsable(card: ModelCard): boolean {
    const { state } = this.registry.status(card.provider);
    return card.status !== 'retired' && state === 'ready' && this.registry.isAllowed(card);
  }

  private async storage(): Promise<{ ok: boolean; ms: number }> {
    const began = performance.now();
    const ok = await answersInTime(this.ledger.ping());
    return { ok, ms: performance.now() - began };
  }

  private async queueReport(): Promise<StatusReport['queues'][string]> {
    const driver = this.queueDriver();
    const depth = this.queue.depth();
    if (!(await answersInTime(depth))) return { driver, ok: false };
    const { waiting, active, delayed } = await depth;
    return { driver, ok: true, waiting, running: active, delayed };
  }

  private nextSteps(storageOk: boolean, queueOk: boolean): string[] {
    const ready = this.readyProviders();
    const missing = this.registry.providers().filter(({ state }) => state === 'no_key');
    return [
      ...(storageOk ? [] : ['The database does not answer: no call is accepted until it does.']),
      ...(queueOk ? [] : ['The queue does not answer: accepted calls run when it is back.']),
      ...(ready.every(({ id }) => id === 'simulator') && missing.length > 0
        ? [`Set ${missing.map(({ keyVariable }) => keyVariable).join(' or ')} to use real models.`]
        : []),
    ];
  }

  private doctorChecks(storage: { ok: boolean; ms: number }, queueOk: boolean): DoctorCheck[] {
    return [
      {
        name: 'registry',
        ok: this.catalog.size === this.catalog.expected && this.readyProviders().length > 0,
        detail: `${this.catalog.size} of ${this.catalog.expected} tools, ${this.registry.summary()}`,
      },
      {
        name: 'storage',
        ok: storage.ok,
        detail: storage.ok ? 'answers' : 'does not answer',
        duration_ms: Math.round(storage.ms),
      },
      { name: 'queue', ok: queueOk, detail: queueOk ? 'answers' : 'does not answer' },
    ];
  }

  private storageDriver(): string {
    return this.facts.embeddedDatabase ? 'postgresql (embedded)' : 'postgresql';
  }

  private queueDriver(): string {
    return `bullmq on ${this.config.queue.redisUrl === undefined ? 'postgresql' : 'redis'}`;
  }
}

async function answersInTime(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  const answered = work.then(
    () => true,
    () => false,
  );
  const result = await Promise.race([answered, late]);
  clearTimeout(timer);
  return result;
}
