import type { Metrics } from '#libs/observability';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ClientSettings } from '../define.js';
import type { ModelClient } from '../model-client.js';
import { LimitedClient } from './limited.client.js';
import { MeteredClient } from './metered.client.js';

export type CircuitState = 'closed' | 'open' | 'half_open';

/** Whether requests to a model are let through, and if not, why and until when. */
export interface CircuitView {
  readonly state: CircuitState;
  /** Milliseconds until the next request may try again; absent = until the configuration changes. */
  readonly retryInMs?: number;
  /** Code of the failure that opened it. */
  readonly cause?: string;
}

/** What this process knows about one provider from asking it. */
export interface ProviderHealthReport {
  readonly provider: string;
  /** The worst that holds for all its models. */
  readonly state: CircuitState;
  readonly retryAt?: Date;
  readonly lastError?: string;
  /** 0 to 1 over five minutes; absent = no requests. */
  readonly successRate?: number;
  readonly p95Ms?: number;
  readonly inFlight: number;
  readonly maxInflight: number;
  /** Models whose own circuit is not closed. */
  readonly models: readonly {
    readonly model: string;
    readonly state: CircuitState;
    readonly cause?: string;
  }[];
}

/** Guards every request to a provider: circuits, rate limits, slots, retry budget. State of this process. */
export class Resilience {
  constructor(private readonly metrics: Metrics) {}

  /** The client every call goes through. The same provider keeps its state as long as key and address stay. */
  guard(client: ModelClient, { provider, maxInflight }: ClientSettings): ModelClient {
    return new LimitedClient(new MeteredClient(client, provider.id, this.metrics), maxInflight);
  }

  circuitOf(_card: ModelCard): CircuitView {
    return { state: 'closed' };
  }

  /** Milliseconds until the provider is likely to take a request; undefined = it does now. */
  busyFor(_providerId: string): number | undefined {
    return undefined;
  }

  /** Reserves a further attempt; answers the milliseconds it has to wait so that retries stay a small share. */
  reserveRetry(_providerId: string): number {
    return 0;
  }

  report(): readonly ProviderHealthReport[] {
    return [];
  }
}
