import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { Inject, Injectable } from '@nestjs/common';

/** Of a session's calls this many times its running limit may be open: one part runs, four wait. */
const OPEN_PER_RUNNING = 5;

/** Decides before anything is recorded whether a call is taken on. Counts are of this process. */
@Injectable()
export class AdmissionControl {
  private readonly openBySession = new Map<string, number>();
  private open = 0;
  private draining = false;
  private idle: (() => void) | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  get openCalls(): number {
    return this.open;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** @throws ExaiError DRAINING, SESSION_BUSY, QUEUE_FULL */
  admit(sessionId: string): void {
    const mine = this.openBySession.get(sessionId) ?? 0;
    if (this.draining) throw this.shed('DRAINING', 'drain');
    if (mine >= this.config.limits.sessionMaxInflight * OPEN_PER_RUNNING) {
      throw this.shed('SESSION_BUSY', 'session');
    }
    if (this.open >= this.config.queue.maxWaiting) throw this.shed('QUEUE_FULL', 'queue');
    this.openBySession.set(sessionId, mine + 1);
    this.open += 1;
    this.metrics.callsInFlight.set({ role: 'gateway' }, this.open);
  }

  release(sessionId: string): void {
    const mine = (this.openBySession.get(sessionId) ?? 1) - 1;
    if (mine === 0) this.openBySession.delete(sessionId);
    else this.openBySession.set(sessionId, mine);
    this.open -= 1;
    this.metrics.callsInFlight.set({ role: 'gateway' }, this.open);
    if (this.open === 0) this.idle?.();
  }

  /** Refuses new calls from now on; resolves when none is open, at the latest after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.draining = true;
    if (this.open === 0) return;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
      setTimeout(resolve, limitMs).unref();
    });
  }

  private shed(code: 'DRAINING' | 'SESSION_BUSY' | 'QUEUE_FULL', reason: string): ExaiError {
    this.metrics.callsShed.inc({ reason });
    return new ExaiError(code, { retryAfterMs: 1_000 });
  }
}
