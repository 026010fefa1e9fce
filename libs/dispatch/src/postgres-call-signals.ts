import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { CallSignals } from './call-signals.js';

const CHANNEL = 'exai_calls';
/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7_900;
const RECONNECT_MS = 250;
const PARCELS_AT_ONCE = 64;

/** What one turn of the event loop had to tell. */
interface Parcel {
  readonly payloads: readonly string[];
  readonly sent: () => void;
}

/** Signals over LISTEN and NOTIFY, on one connection of its own. */
export class PostgresCallSignals extends CallSignals {
  override readonly ledgerChannel = CHANNEL;
  private client: pg.Client | undefined;
  private waiting: Parcel[] = [];
  private sending = false;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly onError: (error: unknown) => void,
  ) {
    super();
  }

  override async start(): Promise<void> {
    this.client = await this.connect();
  }

  protected override send(payloads: readonly string[]): Promise<void> {
    const fitting = payloads.filter((payload) => Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES);
    return new Promise((resolve) => {
      this.waiting.push({ payloads: fitting, sent: resolve });
      if (!this.sending) void this.notifyAll();
    });
  }

  override async close(): Promise<void> {
    this.closed = true;
    await this.client?.end().catch(this.onError);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'exai-signals',
      keepAlive: true,
      // Signals are hints: their commit need not wait for the disk.
      options: '-c synchronous_commit=off',
    });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, undefined));
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    return client;
  }

  private lost(client: pg.Client, error: unknown): void {
    if (error !== undefined) this.onError(error);
    if (this.closed || this.client !== client) return;
    this.client = undefined;
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    while (!this.closed && !this.client) {
      await delay(RECONNECT_MS);
      try {
        this.client = await this.connect();
      } catch (error) {
        this.onError(error);
      }
    }
    if (this.closed) await this.client?.end().catch(this.onError);
  }

  private async notifyAll(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const parcels = this.waiting.splice(0, PARCELS_AT_ONCE);
      try {
        await this.client?.query({
          name: 'signals',
          text: `SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`,
          values: [parcels.flatMap(({ payloads }) => payloads)],
        });
      } catch (error) {
        this.onError(error);
      }
      for (const { sent } of parcels) sent();
    }
    this.sending = false;
  }
}
