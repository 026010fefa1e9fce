import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CallLedger } from './call-ledger.js';
import { CallSignals } from './call-signals.js';

export interface WaitingParent {
  readonly callId: string;
  /** Calls of which the next to end lets it go on; each belongs to this parent only. */
  readonly members: readonly string[];
  /** When the queue hands the job out by itself; milliseconds since the epoch. */
  readonly dueAt: number;
  /** Makes it due at once; rejects when it is not delayed any more. */
  readonly wake: () => Promise<void>;
}

/**
 * The calls that this process put back because they wait for their members. They are called out of their delay when a
 * member ends, so that no parent holds a place in a worker meanwhile. Their delay stays the way back when a signal is
 * lost, or when this process dies.
 */
@Injectable()
export class WaitingParents implements OnApplicationShutdown {
  private readonly byMember = new Map<string, WaitingParent>();
  private readonly unsubscribe: () => void;

  constructor(
    private readonly ledger: CallLedger,
    signals: CallSignals,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(WaitingParents.name);
    this.unsubscribe = signals.subscribe((signal) => {
      if ('done' in signal) this.wakeFor(signal.done);
    });
  }

  /** To be called when the job is delayed. A member may have ended before that, so the ledger is asked once. */
  async add(parent: WaitingParent): Promise<void> {
    this.forgetThoseDue();
    for (const id of parent.members) this.byMember.set(id, parent);
    try {
      this.wakeFor(await this.ledger.findFinished(parent.members));
    } catch (error) {
      this.logger.debug({ err: error }, 'could not ask for members; the delay of their call is what counts');
    }
  }

  onApplicationShutdown(): void {
    this.unsubscribe();
    this.byMember.clear();
  }

  /** They came by themselves, and are in here again or elsewhere. */
  private forgetThoseDue(): void {
    const now = Date.now();
    for (const [id, { dueAt }] of this.byMember) if (dueAt <= now) this.byMember.delete(id);
  }

  private wakeFor(ended: readonly string[]): void {
    for (const id of ended) {
      const parent = this.byMember.get(id);
      if (parent) void this.wake(parent);
    }
  }

  private async wake(parent: WaitingParent): Promise<void> {
    for (const id of parent.members) {
      if (this.byMember.get(id) === parent) this.byMember.delete(id);
    }
    try {
      await parent.wake();
    } catch (error) {
      // Taken up, or gone meanwhile; and while the queue is away its delay is what counts.
      this.logger.debug({ err: error, callId: parent.callId }, 'waiting call not woken');
    }
  }
}
