import { createHash } from 'node:crypto';
import type { Metrics } from '#libs/observability';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ClientSettings, ProviderDescriptor } from '../define.js';
import type { ModelClient } from '../model-client.js';
import { CLOSED, type CircuitState, type CircuitView } from './circuit.js';
import { GuardedClient } from './guarded.client.js';
import { RESILIENCE_LIMITS, type ResilienceLimits } from './limits.js';
import { MeteredClient } from './metered.client.js';
import { ProviderGuard } from './provider-guard.js';
import { type ProviderHealthReport, reportOn } from './provider-health.js';
import type { KeptPlace, Room } from './slots.js';

/** A circuit opened, tries again, or closed. */
export interface CircuitChange extends CircuitView {
  readonly provider: string;
  /** Absent: the provider as a whole. */
  readonly model?: string;
}

interface Guarded {
  readonly guard: ProviderGuard;
  readonly fingerprint: string;
  readonly descriptor: ProviderDescriptor;
}

const GAUGE: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

/** Guards every request to a provider: circuits, rate limits, slots, retry budget. State of this process. */
export class Resilience {
  private readonly providers = new Map<string, Guarded>();
  private readonly listeners = new Set<(change: CircuitChange) => void>();
  private readonly roomListeners = new Set<(providerId: string) => void>();

  constructor(
    private readonly metrics: Metrics,
    private readonly limits: ResilienceLimits = RESILIENCE_LIMITS,
  ) {}

  /** The client every call goes through. The same provider keeps its state as long as key and address stay. */
  guard(client: ModelClient, settings: ClientSettings): ModelClient {
    const { provider, maxInflight } = settings;
    const fingerprint = fingerprintOf(settings);
    const known = this.providers.get(provider.id);
    const guard = known?.fingerprint === fingerprint ? known.guard : this.open(provider.id, maxInflight);
    guard.resize(maxInflight);
    this.providers.set(provider.id, { guard, fingerprint, descriptor: provider });
    const metered = new MeteredClient(client, provider.id, this.metrics);
    return new GuardedClient(metered, guard, provider.keyVariable);
  }

  /** Drops what is known about a provider that is no longer configured. */
  forget(providerId: string): void {
    const known = this.providers.get(providerId);
    this.providers.delete(providerId);
    if (known) this.clearGauges(known.guard);
  }

  circuitOf({ provider, id }: ModelCard): CircuitView {
    return this.providers.get(provider)?.guard.viewOf(id) ?? CLOSED;
  }

  /** Where a request to the provider would have to wait now. */
  roomOf(providerId: string): Room {
    return this.providers.get(providerId)?.guard.room ?? 'free';
  }

  /** Keeps a place for a call that was sent back with `ProviderBusy` and is woken for it; undefined = there is none. */
  keepPlace(providerId: string): KeptPlace | undefined {
    return this.providers.get(providerId)?.guard.keepPlace();
  }

  /**
   * Reserves a further attempt; answers the milliseconds it has to wait so that retries stay a small share.
   * @param withinMs what is left of the call's time; an answer above it, or above a minute, reserved nothing
   */
  reserveRetry(providerId: string, withinMs = Infinity): number {
    return this.providers.get(providerId)?.guard.retries.reserve(withinMs) ?? 0;
  }

  report(): readonly ProviderHealthReport[] {
    return [...this.providers.values()].map(({ guard, descriptor }) => reportOn(guard, descriptor));
  }

  /** @returns what ends the listening */
  onChange(listener: (change: CircuitChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * The listener is told of a provider that may have a place it had not before; `keepPlace` tells whether it has.
   * @returns what ends the listening
   */
  onRoom(listener: (providerId: string) => void): () => void {
    this.roomListeners.add(listener);
    return () => this.roomListeners.delete(listener);
  }

  private open(providerId: string, maxInflight: number): ProviderGuard {
    this.forget(providerId);
    return new ProviderGuard(providerId, maxInflight, this.limits, {
      onModel: (guard, model) => this.showGauge(guard, model),
      onChange: (guard, model) => this.changed(guard, model),
      onRoom: (guard) => this.tellOfRoom(guard),
    });
  }

  private changed(guard: ProviderGuard, model: string | undefined): void {
    const { provider } = guard;
    if (!this.isCurrent(guard)) return;
    for (const id of model === undefined ? guard.models : [model]) this.showGauge(guard, id);
    const view = model === undefined ? guard.view() : guard.viewOf(model);
    const change = { provider, ...(model !== undefined && { model }), ...view };
    for (const listener of this.listeners) listener(change);
  }

  private tellOfRoom(guard: ProviderGuard): void {
    if (!this.isCurrent(guard)) return;
    for (const listener of this.roomListeners) listener(guard.provider);
  }

  /** Requests of a configuration that is gone still end, but their state is nobody's any more. */
  private isCurrent(guard: ProviderGuard): boolean {
    return this.providers.get(guard.provider)?.guard === guard;
  }

  private showGauge(guard: ProviderGuard, model: string): void {
    if (!this.isCurrent(guard)) return;
    const { provider } = guard;
    this.metrics.providerCircuit.set({ provider, model }, GAUGE[guard.viewOf(model).state]);
  }

  private clearGauges({ provider, models }: ProviderGuard): void {
    for (const model of models) this.metrics.providerCircuit.remove({ provider, model });
  }
}

/** Tells one configuration from another without holding the key. */
function fingerprintOf({ apiKey, baseUrl }: ClientSettings): string {
  return createHash('sha256')
    .update(JSON.stringify([apiKey, baseUrl]))
    .digest('hex');
}
