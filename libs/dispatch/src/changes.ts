import { Injectable } from '@nestjs/common';
import { CallSignals } from './call-signals.js';
import { type Change } from './change.js';

export type ChangeListener = (change: Change) => void;

/** News of changes for the clients of every gateway. Small and droppable: whoever needs certainty reads again. */
@Injectable()
export class Changes {
  constructor(private readonly signals: CallSignals) {}

  /** Every process hears of it, this one too; several announcements of one change at once may arrive as one. */
  announce(change: Change): void {
    this.signals.publish({ changed: change });
  }

  /**
   * Ends of calls arrive as changes of `exai://calls/{id}`, without an owner: only the ledger knows whose they are.
   * @returns what ends the subscription
   */
  subscribe(listener: ChangeListener): () => void {
    return this.signals.subscribe((signal) => {
      if ('changed' in signal) listener(signal.changed);
      else if ('done' in signal) for (const id of signal.done) listener({ uri: `exai://calls/${id}` });
    });
  }
}
