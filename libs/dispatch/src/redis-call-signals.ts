import { Redis } from 'ioredis';
import { CallSignals } from './call-signals.js';

/** Signals over Redis pub/sub: one connection to publish, one to listen. */
export class RedisCallSignals extends CallSignals {
  override readonly ledgerChannel = undefined;
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private readonly channel: string;

  constructor(url: string, onError: (error: unknown) => void) {
    super();
    // A signal that cannot be sent now is worthless later: no offline queue, no retries.
    this.publisher = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    this.subscriber = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null });
    this.publisher.on('error', onError);
    this.subscriber.on('error', onError);
    // Pub/sub ignores the database number, so the channel carries it.
    this.channel = `exai:${this.publisher.options.db ?? 0}:calls`;
  }

  override async start(): Promise<void> {
    this.subscriber.on('message', (_channel, text) => this.receive(text));
    await Promise.all([this.publisher.connect(), this.subscriber.connect()]);
    await this.subscriber.subscribe(this.channel);
  }

  protected override async send(payloads: readonly string[]): Promise<void> {
    await Promise.allSettled(payloads.map((payload) => this.publisher.publish(this.channel, payload)));
  }

  override close(): Promise<void> {
    this.publisher.disconnect();
    this.subscriber.disconnect();
    return Promise.resolve();
  }
}
