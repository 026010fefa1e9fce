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
  /** Of the open ones, those that no caller waits for. */
  private left = 0;
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
    this.enter(sessionId);
  }

  /** An answer to a question of a call, or a second look at one: it was admitted already, so nothing refuses it. */
  enter(sessionId: string): void {
    this.openBySession.set(sessionId, (this.openBySession.get(sessionId) ?? 0) + 1);
    this.open += 1;
    this.metrics.callsInFlight.set({ role: 'gateway' }, this.open);
  }

  /** Its caller does not wait for it: it counts until it ends, but no drain waits for it. */
  leave(): void {
    this.left += 1;
    this.endDrain();
  }

  release(sessionId: string, { hasLeft = false } = {}): void {
    if (hasLeft) this.left -= 1;
    const mine = (this.openBySession.get(sessionId) ?? 1) - 1;
    if (mine === 0) this.openBySession.delete(sessionId);
    else this.openBySession.set(sessionId, mine);
    this.open -= 1;
    this.metrics.callsInFlight.set({ role: 'gateway' }, this.open);
    this.endDrain();
  }

  /** Refuses new calls from now on; resolves when nobody waits for one, at the latest after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.draining = true;
    if (this.open === this.left) return;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
      setTimeout(resolve, limitMs).unref();
    });
  }

  private endDrain(): void {
    if (this.open === this.left) this.idle?.();
  }

  private shed(code: 'DRAINING' | 'SESSION_BUSY' | 'QUEUE_FULL', reason: string): ExaiError {
    this.metrics.callsShed.inc({ reason });
    return new ExaiError(code, { retryAfterMs: 1_000 });
  }
}
