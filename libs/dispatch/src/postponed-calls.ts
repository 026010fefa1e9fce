import { Metrics } from '#libs/observability';
import { type KeptPlace, ProviderPlaces } from '#libs/tools';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';

/** A woken call that is not here by then is with another worker, or its worker has no time for it. */
const KEEP_PLACE_MS = 500;
/** Calls due this soon come as fast by themselves. */
const ALMOST_DUE_MS = 10;

export interface PostponedCall {
  readonly callId: string;
  /** The provider that had no place for it. */
  readonly provider: string;
  /** When the call was accepted; milliseconds since the epoch, like `dueAt`. */
  readonly createdAt: number;
  /** When the queue hands the job out by itself. */
  readonly dueAt: number;
  /** Makes it due at once; rejects when it is not delayed any more. */
  readonly wake: () => Promise<void>;
}

/**
 * The calls that this process put back because their provider was full. As soon as the provider has a place, the
 * oldest are called out of their delay, one for each place, so that none stands idle while calls sleep. Their delay
 * stays the way back when that fails, or when this process dies.
 */
@Injectable()
export class PostponedCalls implements OnApplicationShutdown {
  /** By provider, oldest call first. */
  private readonly waiting = new Map<string, PostponedCall[]>();
  /** What gives up the places kept for calls that are on their way, by call id. */
  private readonly onTheWay = new Map<string, () => void>();
  private readonly stopListening: () => void;

  constructor(
    private readonly places: ProviderPlaces,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(PostponedCalls.name);
    this.stopListening = places.onRoom((provider) => this.fill(provider));
  }

  /** To be called when the job is delayed: there may be a place for it by now. */
  add(call: PostponedCall): void {
    const now = Date.now();
    // Those that came by themselves are in here again, or elsewhere.
    const calls = (this.waiting.get(call.provider) ?? []).filter(({ dueAt }) => dueAt > now);
    this.waiting.set(call.provider, calls);
    // By age, so that a call that comes back stands in front of those that came after it.
    const after = calls.findLastIndex(({ createdAt }) => createdAt <= call.createdAt);
    calls.splice(after + 1, 0, call);
    this.fill(call.provider);
  }

  /** The attempt of a call is over: a place that was kept for it and that it did not take is free. */
  settle(callId: string): void {
    this.onTheWay.get(callId)?.();
  }

  onApplicationShutdown(): void {
    this.stopListening();
    for (const giveUp of this.onTheWay.values()) giveUp();
  }

  private fill(provider: string): void {
    const calls = this.waiting.get(provider);
    if (!calls) return;
    for (let next = calls[0]; next; next = calls[0]) {
      const isDue = next.dueAt - Date.now() < ALMOST_DUE_MS;
      const place = isDue ? undefined : this.places.keep(provider);
      if (!isDue && !place) return;
      calls.shift();
      if (place) void this.wake(next, place);
    }
    this.waiting.delete(provider);
  }

  private async wake({ callId, provider, wake }: PostponedCall, place: KeptPlace): Promise<void> {
    this.expect(callId, place);
    try {
      await wake();
      this.metrics.callsWoken.inc({ provider });
    } catch (error) {
      // Taken up, or gone meanwhile; and while the queue is away its delay is what counts.
      this.logger.debug({ err: error, callId }, 'postponed call not woken');
      this.settle(callId);
    }
  }

  private expect(callId: string, place: KeptPlace): void {
    // Woken again before it came: the older place is free, and its timer must not end the newer wait.
    this.settle(callId);
    const giveUp = (): void => {
      clearTimeout(timer);
      this.onTheWay.delete(callId);
      place.giveUp();
    };
    const timer = setTimeout(giveUp, KEEP_PLACE_MS).unref();
    this.onTheWay.set(callId, giveUp);
  }
}
