import { CONFIG, PRODUCT, type Config } from '#libs/config';
import { BudgetWatch, CallLedger, CallQueue } from '#libs/dispatch';
import { ErrorReporter } from '#libs/observability';
import { SCHEMA_VERSION } from '#libs/persistence';
import { ProviderRegistry } from '#libs/providers';
import {
  CallerRecords,
  SystemView,
  ToolCatalog,
  type CapabilitiesReport,
  type DoctorCheck,
  type ModelsFilter,
  type ModelsReport,
  type PayloadReport,
  type PayloadWish,
  type StatusOptions,
  type StatusReport,
  type VersionReport,
} from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { PayloadView } from './payload-view.js';
import { PROCESS_FACTS, type ProcessFacts } from './process-facts.js';
import { ProviderView } from './provider-view.js';

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
    private readonly providers: ProviderView,
    private readonly budget: BudgetWatch,
    private readonly ledger: CallLedger,
    private readonly queue: CallQueue,
    private readonly errors: ErrorReporter,
    private readonly payloads: PayloadView,
    override readonly records: CallerRecords,
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
      providers_configured: this.providers.ready().map(({ id }) => id),
      model_count: this.registry.models().length,
      tool_count: this.catalog.size,
      tool_profile: this.config.tools.profile,
      storage_driver: this.storageDriver(),
      queue_driver: this.queueDriver(),
      schema_version: String(SCHEMA_VERSION),
    });
  }

  override models(filter: ModelsFilter): Promise<ModelsReport> {
    return this.providers.models(filter);
  }

  override async status({ includeTools, doctor, maxErrors }: StatusOptions): Promise<StatusReport> {
    const [storage, queue, health] = await Promise.all([
      this.storage(),
      this.queueReport(),
      this.providers.healthReport(),
    ]);
    const usable = this.providers.usable();
    return {
      providers_configured: this.providers.ready().map(({ id }) => id),
      providers_health: health,
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
      next_steps: await this.nextSteps(storage.ok, queue.ok),
      ...(doctor && { checks: this.doctorChecks(storage, queue.ok) }),
    };
  }

  override capabilities(everyProvider: boolean): Promise<CapabilitiesReport> {
    return Promise.resolve({
      providers: this.providers.capabilities(everyProvider),
      tool_profile: this.config.tools.profile,
      tools: this.catalog.list().map(({ name }) => name),
    });
  }

  override async payload(wish: PayloadWish): Promise<PayloadReport> {
    return Promise.resolve(this.payloads.preview(wish));
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

  private async nextSteps(storageOk: boolean, queueOk: boolean): Promise<string[]> {
    return [
      ...(storageOk ? [] : ['The database does not answer: no call is accepted until it does.']),
      ...(queueOk ? [] : ['The queue does not answer: accepted calls run when it is back.']),
      ...(await this.providers.advice()),
      ...(this.budget.advice === undefined ? [] : [this.budget.advice]),
    ];
  }

  private doctorChecks(storage: { ok: boolean; ms: number }, queueOk: boolean): DoctorCheck[] {
    return [
      {
        name: 'registry',
        ok: this.catalog.size === this.catalog.expected && this.providers.ready().length > 0,
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
