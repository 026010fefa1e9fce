import { toExaiError, type ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { setTimeout as delay } from 'node:timers/promises';
import { CallLedger, type TerminalWrite } from './call-ledger.js';
import { CallSignals } from './call-signals.js';

/** How long a finished result is held while the ledger cannot take it. */
export const HOLD_RESULT_MS = 30_000;
const HOLD_STEP_MS = 250;

/** Brings results into the ledger. */
@Injectable()
export class TerminalWriter {
  constructor(
    private readonly ledger: CallLedger,
    private readonly signals: CallSignals,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(TerminalWriter.name);
  }

  /**
   * Holds the result while the ledger is away: the work is done, and done work is not thrown away. Answers the
   * ledger's failure when it stayed away too long.
   */
  async write(write: TerminalWrite, remainingMs: number): Promise<ExaiError | undefined> {
    const giveUpAt = Date.now() + Math.min(HOLD_RESULT_MS, Math.max(remainingMs, HOLD_STEP_MS));
    for (;;) {
      try {
        if (await this.ledger.finish(write)) {
          if (this.signals.ledgerChannel === undefined) this.signals.publish({ done: [write.id] });
        } else {
          this.metrics.callStaleResults.inc();
        }
        return undefined;
      } catch (failure) {
        this.logger.warn({ err: failure }, 'the ledger did not take a result; holding it');
        if (Date.now() > giveUpAt) return toExaiError(failure);
        await delay(HOLD_STEP_MS);
      }
    }
  }
}
