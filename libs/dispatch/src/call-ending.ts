import { ExaiError, toEnvelope, type ErrorCode, type ErrorDetails } from '#libs/errors';
import { Injectable } from '@nestjs/common';
import { CallLedger } from './call-ledger.js';
import { CallSignals } from './call-signals.js';
import { type FinishedCall } from './call-state.js';

export interface CallIds {
  readonly id: string;
  readonly correlationId: string;
}

/** Ends calls, with their members, from outside their worker: cancelled by somebody, or past their deadline. */
@Injectable()
export class CallEnding {
  constructor(
    private readonly ledger: CallLedger,
    private readonly signals: CallSignals,
  ) {}

  /** False when the call had already ended, which is then what counts; members that are still open end anyway. */
  async cancel(call: CallIds): Promise<boolean> {
    return this.end(call, 'CANCELLED', 'CANCELLED', {});
  }

  /** Ends the call at its deadline; answers what the ledger says, or the deadline when it cannot be asked. */
  async expire(call: CallIds): Promise<Pick<FinishedCall, 'outcome' | 'resultJson'>> {
    try {
      await this.end(call, 'EXPIRED', 'DEADLINE_EXCEEDED', { stage: 'waiting' });
      const finished = await this.ledger.find(call.id);
      if (finished) return finished;
    } catch {
      // Without the ledger the caller still gets an answer in time; the reconciler ends the row later.
    }
    const error = envelope(call, 'DEADLINE_EXCEEDED', { stage: 'waiting' });
    return { outcome: { ok: false, error }, resultJson: undefined };
  }

  private async end(
    call: CallIds,
    state: 'CANCELLED' | 'EXPIRED',
    code: ErrorCode,
    details: ErrorDetails,
  ): Promise<boolean> {
    const ended = await this.ledger.end(call.id, state, envelope(call, code, details));
    if (ended.length > 0) {
      this.signals.publish({ cancel: ended });
      this.signals.publish({ done: ended });
    }
    return ended.includes(call.id);
  }
}

function envelope(call: CallIds, code: ErrorCode, details: ErrorDetails) {
  return toEnvelope(new ExaiError(code, details), { correlationId: call.correlationId, callId: call.id });
}
