import type { ProviderSettings } from '#libs/config';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientFactory } from './clients/index.js';
import { invalid } from './catalogue/catalogue.js';
import { assertClient } from './contract.js';
import type { ClientSettings, ProviderDescriptor } from './define.js';
import type { ModelClient } from './model-client.js';
import { type Outbound, openOutbound } from './outbound/outbound.js';
import { allowsPrivate } from './outbound/url-policy.js';
import { RunningRequests } from './running-requests.js';

const DEFAULT_TIMEOUT_MS = 180_000;
const DEFAULT_INFLIGHT = 8;
/** A route chosen before a change may still ask the old client for so long. */
const GRACE_MS = 30_000;
const CHECK_MS = 1_000;

export type Guard = (client: ModelClient, settings: ClientSettings) => ModelClient;

/** What the clients are opened with, beside the entry of their provider. */
export interface ConnectionContext {
  readonly settingsOf: (id: string) => ProviderSettings | undefined;
  readonly isReady: (id: string) => boolean;
  readonly proxy: string | undefined;
}

/** One provider's client and the connections it uses. */
export interface Connection {
  readonly fingerprint: string;
  readonly client: ModelClient;
  readonly outbound: Outbound;
  readonly running: RunningRequests;
}

/** The clients of this process. A provider whose settings did not change keeps its own; an old one is closed when idle. */
export class ProviderConnections {
  private current = new Map<string, Connection>();
  private readonly retired = new Set<Connection>();

  constructor(
    private readonly factories: Readonly<Record<string, ClientFactory>>,
    private readonly guard: Guard,
  ) {}

  /**
   * The clients for these providers, by id; those without a key too, so that a faulty one is found before somebody
   * sets it. What is in use stays until `keep` is called with the result.
   * @throws ExaiError CONFIG_INVALID for a dialect or client that does not hold
   */
  prepare(
    providers: readonly ProviderDescriptor[],
    { settingsOf, isReady, proxy }: ConnectionContext,
  ): ReadonlyMap<string, Connection> {
    return new Map(
      providers.map((provider) => {
        const settings = settingsOf(provider.id);
        const guard = isReady(provider.id) ? this.guard : undefined;
        const fingerprint = fingerprintOf(provider, settings, [proxy, guard !== undefined]);
        const present = this.current.get(provider.id);
        if (present?.fingerprint === fingerprint) return [provider.id, present];
        return [provider.id, { fingerprint, ...this.open(provider, settings, proxy, guard) }];
      }),
    );
  }

  /** Makes these the clients of the process; the others end once nobody uses them. */
  keep(connections: ReadonlyMap<string, Connection>): void {
    const old = this.current;
    this.current = new Map(connections);
    for (const [id, connection] of old) {
      if (connections.get(id) !== connection) void this.retire(connection);
    }
  }

  /** Ends all connections at once. */
  async close(): Promise<void> {
    const open = [...this.current.values(), ...this.retired];
    this.current = new Map();
    this.retired.clear();
    await Promise.all(open.map(({ outbound }) => outbound.close()));
  }

  private open(
    provider: ProviderDescriptor,
    settings: ProviderSettings | undefined,
    proxy: string | undefined,
    guard: Guard | undefined,
  ): Omit<Connection, 'fingerprint'> {
    if (!Object.hasOwn(this.factories, provider.api)) {
      const known = Object.keys(this.factories).join(', ');
      throw invalid(
        `provider "${provider.id}", field api: unknown dialect "${provider.api}"; known are ${known}`,
      );
    }
    const baseUrl = settings?.baseUrl ?? provider.baseUrl;
    const { connectMs, ...timeouts } = provider.timeouts;
    const outbound = openOutbound({
      allowPrivate: allowsPrivate(baseUrl, provider.allowPrivate),
      connectTimeoutMs: connectMs,
      ...(proxy !== undefined && { proxy }),
    });
    const clientSettings: ClientSettings = {
      provider,
      apiKey: settings?.apiKey ?? '',
      baseUrl,
      timeouts: { ...timeouts, totalMs: settings?.timeoutMs ?? DEFAULT_TIMEOUT_MS },
      maxInflight: settings?.maxInflight ?? DEFAULT_INFLIGHT,
      fetch: outbound.fetch,
    };
    const client = this.factories[provider.api]?.(clientSettings) as ModelClient;
    assertClient(provider.id, provider.api, client);
    const running = new RunningRequests();
    return { outbound, running, client: running.watch(guard ? guard(client, clientSettings) : client) };
  }

  private async retire(connection: Connection): Promise<void> {
    this.retired.add(connection);
    await delay(GRACE_MS, undefined, { ref: false });
    while (connection.running.count > 0) await delay(CHECK_MS, undefined, { ref: false });
    // Nobody waits for the end of connections that nobody uses.
    if (this.retired.delete(connection)) await connection.outbound.close().catch(() => undefined);
  }
}

/** Everything a client is built from. Models come with each request, so a change of theirs needs no other client. */
function fingerprintOf(
  { models: _models, title: _title, priority: _priority, ...provider }: ProviderDescriptor,
  settings: ProviderSettings | undefined,
  others: readonly unknown[],
): string {
  const { apiKey, baseUrl, timeoutMs, maxInflight } = settings ?? {};
  return JSON.stringify([provider, apiKey, baseUrl, timeoutMs, maxInflight, ...others]);
}
