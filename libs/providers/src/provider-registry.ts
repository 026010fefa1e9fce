import { closestNames, type Config, type ProviderReading, readProvidersAgain } from '#libs/config';
import { ExaiError, toExaiError } from '#libs/errors';
import { redactAlso } from '#libs/observability';
import { assemble } from './catalogue/assemble.js';
import type { ModelCard, RoutingCategory } from './catalogue/model-card.js';
import { CLIENTS, type ClientFactory } from './clients/index.js';
import { SIMULATOR_ID, type ProviderEntry } from './define.js';
import type { ModelProvider } from './model-provider.js';
import type { CompletionRequest, PayloadPreview, RemoteModel } from './model-client.js';
import { type Guard, ProviderConnections } from './provider-connections.js';
import { buildSnapshot, type ProviderSnapshot } from './provider-snapshot.js';
import { type ProviderStatus } from './provider-status.js';

export interface ModelFilter {
  readonly includeRetired?: boolean;
  /** Leave out what the operator's restriction excludes; on unless switched off. */
  readonly respectRestrictions?: boolean;
}

/** The part of the configuration that decides about providers. */
type RegistryConfig = Pick<Config, 'providers' | 'server'>;

/**
 * The providers and models of this process, proven sound and with their clients built. What it tells changes as a
 * whole when a file, a key or a vendor's list changes; `revision` and `onChange` tell of it.
 */
export class ProviderRegistry {
  private readonly listeners = new Set<() => void>();
  private readonly discovered = new Map<string, readonly RemoteModel[]>();
  private snapshot: ProviderSnapshot;
  private files: readonly string[] = [];
  private changes = 1;
  private fault: string | undefined;

  private constructor(
    private readonly bundled: readonly ProviderEntry[],
    private readonly config: RegistryConfig,
    private readonly connections: ProviderConnections,
  ) {
    // What was read at the start holds; only the secrets it does not show are looked for.
    this.snapshot = this.take({ ...readProvidersAgain(config), providers: config.providers });
  }

  /** @throws ExaiError CONFIG_INVALID that names every fault of an entry or file */
  static build(
    entries: readonly ProviderEntry[],
    config: RegistryConfig,
    clients: Readonly<Record<string, ClientFactory>> = CLIENTS,
    guard: Guard = (client) => client,
  ): ProviderRegistry {
    return new ProviderRegistry(entries, config, new ProviderConnections(clients, guard));
  }

  /** Rises with every change, so that what was derived from the lists can be derived again. */
  get revision(): number {
    return this.changes;
  }

  /** Why the newest state of the files and keys is not in use; undefined = it is. */
  get reloadFault(): string | undefined {
    return this.fault;
  }

  get warnings(): readonly string[] {
    return this.snapshot.warnings;
  }

  /** The files that a change of would change something here. */
  get watchedFiles(): readonly string[] {
    return this.files;
  }

  /** The model a call without a name starts with; undefined = automatic. */
  get defaultModel(): ModelCard | undefined {
    return this.snapshot.defaultModel;
  }

  /** USD one call may cost; undefined = no limit. */
  get maxCostPerCallUsd(): number | undefined {
    return this.snapshot.maxCostPerCallUsd;
  }

  /** Called after every change. @returns what ends the listening */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  providers(): readonly ProviderStatus[] {
    return [...this.snapshot.statuses.values()];
  }

  models({ includeRetired = false, respectRestrictions = true }: ModelFilter = {}): readonly ModelCard[] {
    return this.snapshot.catalogue.models.filter(
      (card) =>
        (includeRetired || card.status !== 'retired') && (!respectRestrictions || this.isAllowed(card)),
    );
  }

  /** By id, alias or `provider/model`, without regard to case; retired and restricted models too. */
  find(name: string): ModelCard | undefined {
    return this.snapshot.catalogue.find(name);
  }

  getCapabilities(name: string): ModelCard {
    const card = this.find(name);
    if (!card) throw new ExaiError('MODEL_NOT_FOUND', { model: name, suggestions: this.suggest(name) });
    return card;
  }

  /** The operator's restriction of this provider permits the model. */
  isAllowed(card: ModelCard): boolean {
    return this.snapshot.restrictions.get(card.provider)?.includes(card.id) ?? true;
  }

  status(providerId: string): ProviderStatus {
    const status = this.snapshot.statuses.get(providerId);
    if (!status) throw new ExaiError('INTERNAL', { reason: `no provider "${providerId}"` });
    return status;
  }

  /** @throws ExaiError PROVIDER_NOT_CONFIGURED, naming the variable to set. */
  provider(providerId: string): ModelProvider {
    const provider = this.snapshot.ready.get(providerId);
    if (provider) return provider;
    const { keyVariable } = this.status(providerId);
    throw new ExaiError('PROVIDER_NOT_CONFIGURED', { provider: providerId, variable: keyVariable });
  }

  /**
   * The request that the model's own provider would send, without any secret; nothing is sent, no key is needed.
   * @throws ExaiError MODEL_CAPABILITY for what the vendor is known to refuse
   */
  preview(request: CompletionRequest): PayloadPreview {
    const provider = this.snapshot.known.get(request.model.provider);
    if (!provider) throw new ExaiError('INTERNAL', { reason: `no provider "${request.model.provider}"` });
    return provider.buildPayload(request);
  }

  /** The provider asks for no key. */
  isKeyless(providerId: string): boolean {
    return this.snapshot.catalogue.provider(providerId)?.keyless ?? false;
  }

  /** The vendor has a file store that its client speaks to. */
  hasFiles(providerId: string): boolean {
    return this.snapshot.known.get(providerId)?.files !== undefined;
  }

  /** Files at the vendor outlive one chat, so that an upload can be used again. */
  keepsFiles(providerId: string): boolean {
    return this.snapshot.known.get(providerId)?.files?.persistent ?? false;
  }

  /** Host and port that requests to a provider go to. */
  hostOf(providerId: string): string | undefined {
    return this.snapshot.hosts.get(providerId);
  }

  /** Ready providers that are to be asked which models they have. */
  discovering(): readonly string[] {
    return [...this.snapshot.discovering];
  }

  /** Loads what the clients of ready providers need, so that the first call does not wait for it. */
  async prepareClients(): Promise<void> {
    await Promise.all([...this.snapshot.ready.values()].map((provider) => provider.prepare()));
  }

  /** The operator's order of models of a provider; undefined = no preference. */
  preference(providerId: string): readonly string[] | undefined {
    return this.snapshot.restrictions.get(providerId);
  }

  /** Ids of the operator's candidates for a category, best first; empty = by rank. */
  routeOf(category: RoutingCategory): readonly string[] {
    return this.snapshot.routes.get(category) ?? [];
  }

  /** Lower comes first where models are otherwise equal. */
  priority(providerId: string): number {
    return this.snapshot.catalogue.provider(providerId)?.priority ?? Number.MAX_SAFE_INTEGER;
  }

  /** Whether automatic routing may use the provider: the simulator only stands in while no other is ready. */
  isRoutable(providerId: string): boolean {
    if (this.snapshot.statuses.get(providerId)?.state !== 'ready') return false;
    return providerId !== SIMULATOR_ID || !this.providers().some(isRealAndReady);
  }

  /** The five names closest to `name` that can be used now, or that exist if none can. */
  suggest(name: string): readonly string[] {
    const known = this.models();
    const usable = known.filter((card) => this.snapshot.statuses.get(card.provider)?.state === 'ready');
    return closestNames(
      name,
      (usable.length > 0 ? usable : known).map(({ id }) => id),
    );
  }

  /** Speaks of the providers that a reader cares about: the main ones and those that are configured. */
  summary(): string {
    const states = this.providers().filter(({ prominent }) => prominent);
    const shown = new Set(states.map(({ id }) => id));
    const ready = states.filter(({ state }) => state === 'ready').length;
    const models = this.models().filter(({ provider }) => shown.has(provider)).length;
    return `${ready} of ${states.length} providers ready, ${models} models`;
  }

  /**
   * Reads secret files and provider files again and uses what they say; calls under way keep what they began with.
   * A fault leaves everything as it was.
   * @throws ExaiError CONFIG_INVALID, also told by `reloadFault`
   */
  reload(): void {
    try {
      const reading = readProvidersAgain(this.config);
      this.replace(reading);
      this.fault = undefined;
    } catch (error) {
      const told = toExaiError(error);
      this.fault = told.message;
      throw told;
    }
  }

  /**
   * Adds what a vendor lists and nobody described.
   * @throws ExaiError CONFIG_INVALID where the new names do not fit the others; nothing changes then
   */
  discover(providerId: string, listed: readonly RemoteModel[]): void {
    const before = this.discovered.get(providerId);
    if (JSON.stringify(before) === JSON.stringify(listed)) return;
    this.discovered.set(providerId, listed);
    try {
      this.replace(readProvidersAgain(this.config));
    } catch (error) {
      if (before) this.discovered.set(providerId, before);
      else this.discovered.delete(providerId);
      throw error;
    }
  }

  /** Ends all connections to providers. */
  async close(): Promise<void> {
    this.listeners.clear();
    await this.connections.close();
  }

  private replace(reading: ProviderReading): void {
    this.snapshot = this.take(reading);
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }

  private take(reading: ProviderReading): ProviderSnapshot {
    const assembly = assemble(this.bundled, reading, this.discovered);
    redactAlso(assembly.secrets);
    const snapshot = buildSnapshot({
      assembly,
      providers: reading.providers,
      server: this.config.server,
      connections: this.connections,
    });
    this.connections.keep(snapshot.connections);
    this.files = assembly.files;
    return snapshot;
  }
}

function isRealAndReady({ id, state }: ProviderStatus): boolean {
  return id !== SIMULATOR_ID && state === 'ready';
}
