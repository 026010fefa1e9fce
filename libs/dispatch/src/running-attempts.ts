import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CallLedger } from './call-ledger.js';
import { CallSignals } from './call-signals.js';

const HEARTBEAT_MS = 1_000;

interface Running {
  readonly fence: number;
  readonly controller: AbortController;
}

/**
 * The attempts this worker holds. Once a second it tells the ledger that they are alive, and aborts those that the
 * ledger no longer counts as its own: cancelled, expired or taken over. A cancel signal does the same at once.
 */
@Injectable()
export class RunningAttempts implements OnApplicationShutdown {
  private readonly running = new Map<string, Running>();
  private readonly timer: NodeJS.Timeout;
  private readonly unsubscribe: () => void;
  private beating = false;

  constructor(
    private readonly ledger: CallLedger,
    signals: CallSignals,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(RunningAttempts.name);
    this.timer = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
    this.unsubscribe = signals.subscribe((signal) => {
      if ('cancel' in signal) for (const id of signal.cancel) this.abort(id, new ExaiError('CANCELLED'));
    });
  }

  get size(): number {
    return this.running.size;
  }

  open(id: string, fence: number): AbortSignal {
    const controller = new AbortController();
    this.running.set(id, { fence, controller });
    this.metrics.callsInFlight.set({ role: 'worker' }, this.running.size);
    return controller.signal;
  }

  close(id: string, fence: number): void {
    if (this.running.get(id)?.fence === fence) this.running.delete(id);
    this.metrics.callsInFlight.set({ role: 'worker' }, this.running.size);
  }

  abortAll(reason: ExaiError): void {
    for (const { controller } of this.running.values()) controller.abort(reason);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.unsubscribe();
  }

  private abort(id: string, reason: ExaiError): void {
    this.running.get(id)?.controller.abort(reason);
  }

  private async beat(): Promise<void> {
    if (this.beating || this.running.size === 0) return;
    this.beating = true;
    try {
      const held = [...this.running].map(([id, { fence }]) => ({ id, fence }));
      const mine = await this.ledger.heartbeat(held);
      for (const { id, fence } of held) {
        if (!mine.has(id) && this.running.get(id)?.fence === fence)
          this.abort(id, new ExaiError('CANCELLED'));
      }
    } catch (error) {
      this.logger.debug({ err: error }, 'heartbeat failed');
    } finally {
      this.beating = false;
    }
  }
}
